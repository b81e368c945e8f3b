-- The member was once told to be taken over from a referrer by this contract. Where that did nothing, it is not tried again.
ALTER TABLE chain_sync ADD COLUMN takeover boolean NOT NULL DEFAULT false;
