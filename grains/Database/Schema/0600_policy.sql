-- What the operator, or the site's own software, says of members: why one is disabled, and whether one may download.
ALTER TABLE users
    ADD COLUMN disabled         text CHECK (length(disabled) BETWEEN 1 AND 200),
    ADD COLUMN may_not_download boolean NOT NULL DEFAULT false;

-- And of clients, by the first bytes of their peer ids. While there is an allowed one, all others are refused.
CREATE TABLE client_rules (
    prefix  bytea PRIMARY KEY CHECK (length(prefix) BETWEEN 1 AND 20),
    allowed boolean NOT NULL,
    reason  text CHECK (length(reason) BETWEEN 1 AND 200)
);

-- What has changed of all that announces depend on, so that front ends forget what they knew. In one order without gaps:
-- whoever adds a row holds the lock until it commits, so no lower number appears later. user_id null: the lists that front
-- ends hold whole.
CREATE TABLE policy_changes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    text COLLATE "C",
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX policy_changes_changed_at ON policy_changes (changed_at);
INSERT INTO policy_changes (user_id) VALUES (NULL);

-- The newest row stays, so that who has not asked for long sees that it missed some.
CREATE FUNCTION note_policy_change(text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7235512990241);
    INSERT INTO policy_changes (user_id) VALUES ($1);
    DELETE FROM policy_changes WHERE changed_at < now() - interval '1 day' AND id < (SELECT max(id) FROM policy_changes);
END
$$;

-- The database notes them itself, so that nothing that changes a member forgets to.
CREATE FUNCTION follow_member_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_policy_change(NEW.user_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER users_policy AFTER UPDATE OF passkey, public_key, trust, disabled, may_not_download ON users FOR EACH ROW
    WHEN ((OLD.passkey, OLD.public_key, OLD.trust, OLD.disabled, OLD.may_not_download)
          IS DISTINCT FROM (NEW.passkey, NEW.public_key, NEW.trust, NEW.disabled, NEW.may_not_download))
    EXECUTE FUNCTION follow_member_policy();

CREATE FUNCTION follow_client_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_policy_change(NULL);
    RETURN NULL;
END
$$;
CREATE TRIGGER client_rules_policy AFTER INSERT OR UPDATE OR DELETE ON client_rules FOR EACH STATEMENT EXECUTE FUNCTION follow_client_policy();
