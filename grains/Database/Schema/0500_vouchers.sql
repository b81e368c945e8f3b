-- How a member came to be one, and how far it is trusted beyond what it gives back; null: as Members says for its origin.
ALTER TABLE users
    ADD COLUMN origin text NOT NULL DEFAULT 'open' CHECK (origin IN ('open', 'invite', 'site')),
    ADD COLUMN trust  double precision CHECK (trust BETWEEN 0 AND 1),
    -- What the member was debited in the hour since 1970 that debit_hour counts, and in the one before.
    ADD COLUMN debit_hour       bigint NOT NULL DEFAULT 0,
    ADD COLUMN debited          bigint NOT NULL DEFAULT 0,
    ADD COLUMN debited_before   bigint NOT NULL DEFAULT 0,
    -- Rows of voucher_sessions of which the member is the receiver.
    ADD COLUMN sessions         bigint NOT NULL DEFAULT 0;

-- One row a session between a receiver and a sender, kept for ever: the newest voucher, as it was signed, and how much of
-- its bytes is credited. The identity is made of all that does not change. Whoever writes a row holds the locks of both
-- members' rows; it never falls.
CREATE TABLE voucher_sessions (
    sender       bigint NOT NULL,
    receiver     bigint NOT NULL,
    bytes        bigint NOT NULL CHECK (bytes BETWEEN 1 AND 9007199254740991),
    credited     bigint NOT NULL CHECK (credited BETWEEN 0 AND bytes),
    opened       bigint NOT NULL CHECK (opened >= 0),
    signed_at    bigint NOT NULL CHECK (signed_at >= opened),
    first_report timestamptz NOT NULL DEFAULT now(),
    last_report  timestamptz NOT NULL DEFAULT now(),
    id           bytea PRIMARY KEY CHECK (length(id) = 32),
    info_hash    bytea NOT NULL CHECK (length(info_hash) = 20),
    sender_key   bytea NOT NULL CHECK (length(sender_key) = 48),
    receiver_key bytea NOT NULL CHECK (length(receiver_key) = 48),
    session      bytea NOT NULL CHECK (length(session) = 16),
    signature    bytea NOT NULL CHECK (length(signature) = 96)
) WITH (fillfactor = 90);
-- For pages in the order of the id, of which seven bytes tell nearly all apart: whole ids would make the two as large as the rest.
CREATE INDEX voucher_sessions_sender ON voucher_sessions (sender, substr(id, 1, 7));
CREATE INDEX voucher_sessions_receiver ON voucher_sessions (receiver, substr(id, 1, 7));

-- Torrents whose sizes the tracker has read itself. pieces is 0 for one that has no pieces of v1.
CREATE TABLE torrents (
    info_hash    bytea PRIMARY KEY CHECK (length(info_hash) = 20),
    name         text NOT NULL,
    bytes        bigint NOT NULL CHECK (bytes > 0),
    piece_length bigint NOT NULL CHECK (piece_length > 0),
    pieces       bigint NOT NULL CHECK (pieces >= 0),
    private      boolean NOT NULL,
    publisher    bigint,
    published_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX torrents_publisher ON torrents (publisher);

-- What each member was debited for each registered torrent, by all senders together.
CREATE TABLE torrent_debits (
    receiver  bigint NOT NULL,
    info_hash bytea NOT NULL,
    bytes     bigint NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (receiver, info_hash)
);
