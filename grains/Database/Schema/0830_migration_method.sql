-- How a migration takes members over: by the records of the contract before, or by the root it anchored; then lazily, by the
-- proofs that members bring, or all of them at once.
ALTER TABLE migration
    ADD COLUMN method text NOT NULL DEFAULT 'records' CHECK (method IN ('records', 'anchor')),
    ADD COLUMN claims text NOT NULL DEFAULT 'all' CHECK (claims IN ('lazy', 'all')),
    -- The root of the contract before that members are claimed by, and how many it is of; null until both are known.
    ADD COLUMN anchor_sequence bigint CHECK (anchor_sequence > 0),
    ADD COLUMN anchor_members  bigint CHECK (anchor_members >= 0);

-- Members that brought a proof against a root of the contract before. What each has in it is credited, once, when its
-- transaction is in a block. open: waits for that, or for gas; credited; refused: the contract did not take it, for the reason.
CREATE TABLE chain_claim (
    contract   bytea NOT NULL CHECK (length(contract) = 20),
    username   text COLLATE "C" NOT NULL,
    key        bytea NOT NULL CHECK (length(key) = 48),
    sequence   bigint NOT NULL CHECK (sequence > 0),
    uploaded   bigint NOT NULL CHECK (uploaded >= 0),
    downloaded bigint NOT NULL CHECK (downloaded >= 0),
    outbox_id  uuid NOT NULL UNIQUE,
    data       bytea NOT NULL,
    state      text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'credited', 'refused')),
    reason     text,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contract, username)
);
CREATE INDEX chain_claim_open ON chain_claim (at) WHERE state = 'open';
