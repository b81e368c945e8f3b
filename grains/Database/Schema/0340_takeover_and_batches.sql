-- The member was once told to be taken over from a referrer by this contract. Where that did nothing, it is not tried again.
ALTER TABLE chain_sync ADD COLUMN takeover boolean NOT NULL DEFAULT false;
-- Users of a batch are looked for when a reorganisation takes the batch out of the chain.
CREATE INDEX migration_user_batch ON migration_user (migration_id, batch) WHERE batch IS NOT NULL;
