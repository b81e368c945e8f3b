-- The chain this tracker's records belong to, noted at the first write; a node of another chain is refused from then on.
CREATE TABLE chain_identity (
    only_row  boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    chain_id  bigint NOT NULL CHECK (chain_id > 0),
    noted_at  timestamptz NOT NULL DEFAULT now()
);

-- Every transaction this tracker ever wanted, written before it is sent. The unique nonce, and claiming a row by its
-- state, are what keeps two processes that both believe they are the account's only writer from doing harm.
CREATE TABLE chain_outbox (
    id               uuid PRIMARY KEY,
    seq              bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    address          bytea NOT NULL CHECK (length(address) = 20),
    chain_id         bigint NOT NULL,
    kind             text NOT NULL,
    subject          text NOT NULL DEFAULT '',
    group_id         uuid,
    to_address       bytea CHECK (length(to_address) = 20),
    data             bytea NOT NULL,
    -- queued: no nonce yet; sent: signed, nonce claimed; mined: in a block; confirmed: deep enough; failed: never will be sent.
    state            text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'mined', 'confirmed', 'failed')),
    nonce            bigint CHECK (nonce >= 0),
    gas_limit        bigint,
    hash             text,
    attempts         integer NOT NULL DEFAULT 0,
    attempted_at     timestamptz,
    broadcast_at     timestamptz,
    checked_at       timestamptz,
    succeeded        boolean,
    error            text,
    block_number     bigint,
    block_hash       text,
    gas_used         bigint,
    gas_price        numeric(78, 0),
    contract_address bytea CHECK (length(contract_address) = 20),
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (address, chain_id, nonce),
    CHECK ((state IN ('queued', 'failed')) = (nonce IS NULL))
);
CREATE INDEX chain_outbox_open ON chain_outbox (address, chain_id, seq) WHERE state IN ('queued', 'sent', 'mined');
CREATE INDEX chain_outbox_group ON chain_outbox (group_id) WHERE group_id IS NOT NULL;

-- Every signed form of an outbox row: after a fee bump any of them may be the one that is mined.
CREATE TABLE chain_attempt (
    hash      text PRIMARY KEY,
    outbox_id uuid NOT NULL REFERENCES chain_outbox (id),
    attempt   integer NOT NULL,
    raw       bytea NOT NULL,
    max_fee   numeric(78, 0) NOT NULL,
    tip       numeric(78, 0),
    UNIQUE (outbox_id, attempt)
);

-- The Reputation contracts this tracker has used, each with its referrer; at most one is active.
CREATE TABLE chain_contract (
    address      bytea PRIMARY KEY CHECK (length(address) = 20),
    referrer     bytea CHECK (length(referrer) = 20),
    outbox_id    uuid UNIQUE REFERENCES chain_outbox (id),
    active       boolean NOT NULL DEFAULT false,
    noted_at     timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX chain_contract_active ON chain_contract (active) WHERE active;

-- What each contract was last told about a member, noted before it is told. outbox_id: the transaction that tells it,
-- null once that has been seen to succeed. alone: a batch with this member was refused, so it is told by itself.
CREATE TABLE chain_sync (
    contract   bytea NOT NULL CHECK (length(contract) = 20),
    username   text COLLATE "C" NOT NULL,
    uploaded   bigint NOT NULL,
    downloaded bigint NOT NULL,
    outbox_id  uuid,
    alone      boolean NOT NULL DEFAULT false,
    synced_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (contract, username)
);
CREATE INDEX chain_sync_outbox ON chain_sync (outbox_id) WHERE outbox_id IS NOT NULL;
CREATE INDEX chain_sync_username ON chain_sync (username);

-- Members who have been looked up on the chain when they had proven their key, and what they brought along. A member
-- imports once, ever; who brought nothing is looked up again when another contract becomes active.
CREATE TABLE chain_import (
    username   text COLLATE "C" PRIMARY KEY,
    contract   bytea NOT NULL CHECK (length(contract) = 20),
    holder     bytea CHECK (length(holder) = 20),
    uploaded   bigint NOT NULL DEFAULT 0,
    downloaded bigint NOT NULL DEFAULT 0,
    imported   boolean NOT NULL DEFAULT false,
    at         timestamptz NOT NULL DEFAULT now()
);
