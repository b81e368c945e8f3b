-- Peers of swarms whose activation ended cleanly, until the swarm is activated again. Soft state: losing it costs
-- nothing that re-announces do not bring back, so it need not be written ahead.
CREATE UNLOGGED TABLE swarm_snapshot (
    info_hash  bytea PRIMARY KEY CHECK (length(info_hash) = 20),
    peers      bytea NOT NULL,
    saved_at   timestamptz NOT NULL DEFAULT now()
);

-- One row a peer and torrent: a repeated "completed" finds its row and counts nothing.
CREATE TABLE swarm_completion (
    info_hash    bytea NOT NULL CHECK (length(info_hash) = 20),
    peer         bigint NOT NULL,
    completed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (info_hash, peer)
);

CREATE TABLE swarm (
    info_hash bytea PRIMARY KEY CHECK (length(info_hash) = 20),
    completed bigint NOT NULL DEFAULT 0 CHECK (completed >= 0)
);
