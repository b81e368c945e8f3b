-- The key that this tracker put, or found, into a member's record as the member's own: when the member then replaces its
-- key, the record may be given the new one. Null for a record of the same name that is somebody else's.
ALTER TABLE chain_sync ADD COLUMN key bytea CHECK (length(key) = 48);
