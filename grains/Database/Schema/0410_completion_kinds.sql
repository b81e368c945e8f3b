-- Who has completed a download, each for as long as it matters: a peer and an address for a while (an address counts once
-- a day), a member for good.
ALTER TABLE swarm_completion ADD COLUMN kind smallint NOT NULL DEFAULT 0 CHECK (kind IN (0, 1, 2));
COMMENT ON COLUMN swarm_completion.kind IS '0: a peer, 1: an address, 2: a member';
CREATE INDEX swarm_completion_passing ON swarm_completion (completed_at) WHERE kind <> 2;
