-- Invites. A token is random and kept only as its SHA-256, so whoever reads the table can let nobody in. maker is the member
-- that may give so many, null for the administration. A use is spent in the transaction that makes the member.
CREATE TABLE invites (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    maker      bigint REFERENCES users (id),
    uses       integer NOT NULL CHECK (uses > 0),
    used       integer NOT NULL DEFAULT 0 CHECK (used BETWEEN 0 AND uses),
    made_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX invites_maker ON invites (maker, id);

-- By which invite a member came, and how many others it may invite in all; null: as many as Members says.
ALTER TABLE users
    ADD COLUMN invite  bigint REFERENCES invites (id),
    ADD COLUMN invites integer CHECK (invites >= 0);
CREATE INDEX users_invite ON users (invite, id) WHERE invite IS NOT NULL;
