-- Moves of a tracker's members from a predecessor contract to a new one. A migration can stop anywhere and goes on
-- from what stands here; its transactions are in chain_outbox under ids that are noted here before they are sent.
CREATE TABLE migration (
    id              uuid PRIMARY KEY,
    referrer        bytea NOT NULL CHECK (length(referrer) = 20),
    contract        bytea CHECK (length(contract) = 20),
    all_users       boolean NOT NULL,
    batch_size      integer NOT NULL CHECK (batch_size BETWEEN 1 AND 256),
    retire_referrer boolean NOT NULL,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
    phase           text NOT NULL DEFAULT 'deploy' CHECK (phase IN ('deploy', 'discover', 'migrate', 'retire', 'done')),
    deploy_tx       uuid NOT NULL,
    retire_tx       uuid NOT NULL,
    -- Contracts still to be searched for users, nearest first, and the next block to look at in the first of them.
    scan_contracts  bytea[],
    scan_block      bigint NOT NULL DEFAULT 0,
    problem         text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    started_at      timestamptz,
    finished_at     timestamptz
);
-- One migration at a time: two would fight over which contract is active.
CREATE UNIQUE INDEX migration_unfinished ON migration ((true)) WHERE state IN ('pending', 'running', 'paused');

CREATE TABLE migration_user (
    migration_id uuid NOT NULL REFERENCES migration (id),
    username     text COLLATE "C" NOT NULL,
    -- candidate: perhaps a user, to be looked up; pending: to be moved; sent: in the batch named; absent: no contract has it.
    state        text NOT NULL DEFAULT 'candidate' CHECK (state IN ('candidate', 'pending', 'sent', 'migrated', 'failed', 'absent')),
    -- The most companions it may be sent with; halved each time a batch it was in reverted.
    company      integer NOT NULL DEFAULT 256,
    batch        uuid,
    reason       text,
    PRIMARY KEY (migration_id, username)
);
CREATE INDEX migration_user_open ON migration_user (migration_id, state, company DESC, username) WHERE state IN ('candidate', 'pending', 'sent');
