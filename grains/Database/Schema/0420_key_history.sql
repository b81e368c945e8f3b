-- Every key that a member has ever proved to hold, and until when. A key is one member's for ever: what it signed while it
-- was in force counts on that member, and nobody, not even the member, can register it again.
CREATE TABLE user_keys (
    key        bytea PRIMARY KEY CHECK (length(key) = 48),
    member     bigint NOT NULL REFERENCES users (id),
    proven_at  timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
CREATE UNIQUE INDEX user_keys_current ON user_keys (member) WHERE retired_at IS NULL;
INSERT INTO user_keys (key, member, proven_at) SELECT key, id, registered_at FROM users WHERE proven;

ALTER TABLE users ADD COLUMN key_rotations integer NOT NULL DEFAULT 0;

-- The database keeps the history itself, so that a process of an older version, during an upgrade, does too.
CREATE FUNCTION follow_user_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.proven AND OLD.key IS DISTINCT FROM NEW.key THEN
        UPDATE user_keys SET retired_at = now() WHERE key = OLD.key AND retired_at IS NULL;
        UPDATE users SET key_rotations = key_rotations + 1 WHERE id = NEW.id;
    END IF;
    IF NEW.proven AND (TG_OP = 'INSERT' OR NOT OLD.proven OR OLD.key IS DISTINCT FROM NEW.key) THEN
        INSERT INTO user_keys (key, member) VALUES (NEW.key, NEW.id);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_key AFTER INSERT OR UPDATE OF key, proven ON users FOR EACH ROW EXECUTE FUNCTION follow_user_key();

-- What user grains kept of their keys; nothing reads it any more.
DELETE FROM orleans_storage WHERE graintypestring = 'user';
