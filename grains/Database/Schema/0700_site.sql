-- What a site says of its torrents, groups and members, and what it wants to know of them. Factors are per cent. A site's members
-- are users; its torrents are known by infohash and, where it has one, by its own number.
CREATE TABLE site_torrents (
    info_hash       bytea PRIMARY KEY CHECK (length(info_hash) = 20),
    id              bigint UNIQUE,
    -- 0 pending, 1 approved, 2 rejected, 3 postponed, 4 deleted
    status          smallint NOT NULL DEFAULT 1 CHECK (status BETWEEN 0 AND 4),
    reason          text CHECK (length(reason) BETWEEN 1 AND 200),
    download_factor smallint NOT NULL DEFAULT 100 CHECK (download_factor BETWEEN 0 AND 1000),
    upload_factor   smallint NOT NULL DEFAULT 100 CHECK (upload_factor BETWEEN 0 AND 1000),
    factors_until   timestamptz,
    featured        boolean NOT NULL DEFAULT false,
    -- Downloads completed elsewhere before.
    times_completed bigint NOT NULL DEFAULT 0 CHECK (times_completed >= 0)
);

-- Members may be in a group that is not known yet: it is as if they were in none.
CREATE TABLE site_groups (
    id              bigint PRIMARY KEY,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    download_slots  int CHECK (download_slots >= 0),
    immune          boolean NOT NULL DEFAULT false,
    download_factor smallint NOT NULL DEFAULT 100 CHECK (download_factor BETWEEN 0 AND 1000),
    upload_factor   smallint NOT NULL DEFAULT 100 CHECK (upload_factor BETWEEN 0 AND 1000)
);

CREATE TABLE site_factors (
    singleton       boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    download_factor smallint NOT NULL DEFAULT 100 CHECK (download_factor BETWEEN 0 AND 1000),
    upload_factor   smallint NOT NULL DEFAULT 100 CHECK (upload_factor BETWEEN 0 AND 1000),
    until           timestamptz
);
INSERT INTO site_factors DEFAULT VALUES;

-- Credited is what the site counts: with factors, and with the baseline that was brought from another system. It proves nothing.
ALTER TABLE users
    ADD COLUMN group_id            bigint,
    ADD COLUMN donor               boolean NOT NULL DEFAULT false,
    ADD COLUMN lifetime            boolean NOT NULL DEFAULT false,
    ADD COLUMN freeleech_until     timestamptz,
    ADD COLUMN credited_uploaded   bigint NOT NULL DEFAULT 0 CHECK (credited_uploaded >= 0),
    ADD COLUMN credited_downloaded bigint NOT NULL DEFAULT 0 CHECK (credited_downloaded >= 0),
    ADD COLUMN baseline_uploaded   bigint NOT NULL DEFAULT 0 CHECK (baseline_uploaded >= 0),
    ADD COLUMN baseline_downloaded bigint NOT NULL DEFAULT 0 CHECK (baseline_downloaded >= 0);

CREATE TABLE freeleech_tokens (
    member    bigint NOT NULL,
    info_hash bytea NOT NULL CHECK (length(info_hash) = 20),
    until     timestamptz,
    PRIMARY KEY (member, info_hash)
);

-- What a member did with a registered torrent. The credited columns of a member's rows add up to the member's, without the baseline.
CREATE TABLE history (
    member              bigint NOT NULL,
    info_hash           bytea NOT NULL CHECK (length(info_hash) = 20),
    uploaded            bigint NOT NULL DEFAULT 0,
    downloaded          bigint NOT NULL DEFAULT 0,
    credited_uploaded   bigint NOT NULL DEFAULT 0,
    credited_downloaded bigint NOT NULL DEFAULT 0,
    client_uploaded     bigint NOT NULL DEFAULT 0,
    client_downloaded   bigint NOT NULL DEFAULT 0,
    -- Milliseconds.
    seeded              bigint NOT NULL DEFAULT 0,
    first_seen          timestamptz NOT NULL DEFAULT now(),
    last_seen           timestamptz NOT NULL DEFAULT now(),
    completed_at        timestamptz,
    client              text NOT NULL DEFAULT '',
    seeder              boolean NOT NULL DEFAULT false,
    active              boolean NOT NULL DEFAULT false,
    PRIMARY KEY (member, info_hash)
) WITH (fillfactor = 80);
CREATE INDEX history_info_hash ON history (info_hash, member);
-- What members leech now, for their groups' slots.
CREATE INDEX history_leeching ON history (member) WHERE active AND NOT seeder;

-- Infohashes announced that are not registered.
CREATE TABLE unregistered_torrents (
    member    bigint NOT NULL,
    info_hash bytea NOT NULL CHECK (length(info_hash) = 20),
    last_seen timestamptz NOT NULL DEFAULT now(),
    times     bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (member, info_hash)
);
CREATE INDEX unregistered_torrents_last_seen ON unregistered_torrents (last_seen);

-- What has been written behind announces, in one order without gaps: whoever adds a row holds the lock until it commits. Each has the
-- lines (JSON, one a line, gzip) of what became durable in the same transaction. batch tells a write that is tried again, because
-- its answer was lost, from another.
CREATE TABLE site_changes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch      uuid NOT NULL UNIQUE,
    changed_at timestamptz NOT NULL DEFAULT now(),
    lines      bytea NOT NULL
);
CREATE INDEX site_changes_changed_at ON site_changes (changed_at);

-- What announces depend on, as in 0600_policy.sql: of torrents silos are told, of groups and factors, which they hold whole, front ends.
ALTER TABLE policy_changes ADD COLUMN info_hash bytea;

CREATE FUNCTION note_torrent_change(bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7235512990241);
    INSERT INTO policy_changes (info_hash) VALUES ($1);
END
$$;

CREATE FUNCTION follow_torrent_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_torrent_change(coalesce(NEW.info_hash, OLD.info_hash));
    RETURN NULL;
END
$$;
CREATE TRIGGER torrents_policy AFTER INSERT OR DELETE ON torrents FOR EACH ROW EXECUTE FUNCTION follow_torrent_policy();
CREATE TRIGGER site_torrents_policy AFTER INSERT OR DELETE ON site_torrents FOR EACH ROW EXECUTE FUNCTION follow_torrent_policy();
CREATE TRIGGER site_torrents_changes AFTER UPDATE ON site_torrents FOR EACH ROW WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION follow_torrent_policy();
CREATE TRIGGER site_groups_policy AFTER INSERT OR UPDATE OR DELETE ON site_groups FOR EACH STATEMENT EXECUTE FUNCTION follow_client_policy();
CREATE TRIGGER site_factors_policy AFTER UPDATE ON site_factors FOR EACH STATEMENT EXECUTE FUNCTION follow_client_policy();

CREATE FUNCTION follow_freeleech_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM note_policy_change(user_id) FROM users WHERE id = coalesce(NEW.member, OLD.member);
    RETURN NULL;
END
$$;
CREATE TRIGGER freeleech_tokens_policy AFTER INSERT OR UPDATE OR DELETE ON freeleech_tokens FOR EACH ROW EXECUTE FUNCTION follow_freeleech_tokens();

DROP TRIGGER users_policy ON users;
CREATE TRIGGER users_policy AFTER UPDATE OF passkey, public_key, trust, disabled, may_not_download, group_id, donor, freeleech_until ON users FOR EACH ROW
    WHEN ((OLD.passkey, OLD.public_key, OLD.trust, OLD.disabled, OLD.may_not_download, OLD.group_id, OLD.donor, OLD.freeleech_until)
          IS DISTINCT FROM (NEW.passkey, NEW.public_key, NEW.trust, NEW.disabled, NEW.may_not_download, NEW.group_id, NEW.donor, NEW.freeleech_until))
    EXECUTE FUNCTION follow_member_policy();
