-- Trackers whose passports, or whose contracts, are believed here, and how far: a share of what they say (per cent), at most so
-- much of what was given (bytes, and what was taken in the same proportion), for members of so many days. signer: the address
-- that signs passports; of a contract, its owner. instance: the tracker; where the operator has not said which, the one of the
-- first passport that counted. in_force: whether it was between valid_from and valid_until when that was last looked at.
CREATE TABLE issuers (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    signer      bytea NOT NULL CHECK (length(signer) = 20),
    contract    bytea CHECK (length(contract) = 20),
    chain_id    bigint CHECK (chain_id > 0),
    instance    text CHECK (instance ~ '^[0-9a-f]{64}$'),
    weight      smallint NOT NULL CHECK (weight BETWEEN 0 AND 100),
    cap         bigint CHECK (cap >= 0),
    least_age   integer NOT NULL DEFAULT 0 CHECK (least_age >= 0),
    valid_from  timestamptz,
    valid_until timestamptz,
    in_force    boolean NOT NULL,
    added_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((contract IS NULL) = (chain_id IS NULL)),
    UNIQUE NULLS NOT DISTINCT (signer, contract, chain_id, instance)
);

-- What members brought from other trackers, as it was said there: beside the totals, never in them. Of each issuer a member has
-- one, the newest. It stays when the passport it came by has expired, and when its issuer is no longer believed; then it counts
-- nothing. subject: the member's name there. No foreign key to users: it would lock their rows in insertion order.
CREATE TABLE imports (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member      bigint NOT NULL,
    source      text NOT NULL CHECK (source IN ('passport', 'contract')),
    subject     text COLLATE "C" NOT NULL,
    key         bytea NOT NULL CHECK (length(key) = 48),
    instance    text CHECK (instance ~ '^[0-9a-f]{64}$'),
    signer      bytea CHECK (length(signer) = 20),
    contract    bytea CHECK (length(contract) = 20),
    chain_id    bigint CHECK (chain_id > 0),
    uploaded    bigint NOT NULL CHECK (uploaded >= 0),
    downloaded  bigint NOT NULL CHECK (downloaded >= 0),
    as_of       timestamptz NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (instance, key),
    UNIQUE (contract, key),
    UNIQUE (member, instance),
    UNIQUE (member, contract),
    CHECK (CASE source WHEN 'passport' THEN instance IS NOT NULL AND signer IS NOT NULL ELSE contract IS NOT NULL END),
    CHECK ((contract IS NULL) = (chain_id IS NULL))
);
CREATE INDEX imports_signer ON imports (signer);

-- For which member here somebody counts who was a member there, for ever: by the key and by the name there, because keys are
-- replaced. issuer: 'instance:' and the id, 'contract:' and the address in hexadecimal. in_totals: its record was brought into
-- the totals through the active contract's referrers, so that it counts nowhere else.
CREATE TABLE import_claims (
    issuer    text COLLATE "C" NOT NULL,
    subject   text COLLATE "C" NOT NULL,
    member    bigint NOT NULL,
    in_totals boolean NOT NULL DEFAULT false,
    PRIMARY KEY (issuer, subject)
);

-- Records brought along so far: of all contracts that are known to be behind the one that was asked.
INSERT INTO import_claims (issuer, subject, member, in_totals)
WITH RECURSIVE behind AS (
    SELECT i.username, a.address FROM chain_import i, unnest(ARRAY[i.contract, i.holder]) AS a (address) WHERE i.imported AND a.address IS NOT NULL
    UNION
    SELECT b.username, c.referrer FROM behind b JOIN chain_contract c ON c.address = b.address WHERE c.referrer IS NOT NULL)
SELECT 'contract:' || encode(b.address, 'hex'), s.subject, u.id, true
FROM behind b JOIN users u ON u.user_id = b.username, LATERAL (
    SELECT 'user:' || b.username AS subject UNION ALL SELECT 'key:' || encode(k.key, 'hex') FROM user_keys k WHERE k.member = u.id) AS s
ON CONFLICT DO NOTHING;

-- What of the imports counts, beside the totals, where it is decided how much a member may still take.
ALTER TABLE users
    ADD COLUMN believed_uploaded   bigint NOT NULL DEFAULT 0 CHECK (believed_uploaded >= 0),
    ADD COLUMN believed_downloaded bigint NOT NULL DEFAULT 0 CHECK (believed_downloaded >= 0);

-- Every import with who vouches for it, if anybody still does, and what of it counts. What was given is rounded down, what was
-- taken up; above the cap both are cut in the same proportion, so that nobody keeps what it gave and is rid of what it took.
CREATE VIEW believed_imports AS
SELECT i.*, s.name, coalesce(s.share, 0) AS weight,
    least(div(i.uploaded::numeric * coalesce(s.share, 0), 100), s.cap) AS believed_up,
    CASE WHEN s.share IS NULL OR s.share = 0 THEN 0
         WHEN i.uploaded::numeric * s.share > s.cap::numeric * 100 THEN div(i.downloaded::numeric * s.cap + i.uploaded - 1, i.uploaded)
         ELSE div(i.downloaded::numeric * s.share + 99, 100) END AS believed_down
FROM imports i LEFT JOIN LATERAL (
    SELECT name, cap, CASE WHEN in_force THEN weight ELSE 0 END AS share FROM issuers
    WHERE (issuers.instance IS NULL OR i.instance IS NULL OR issuers.instance = i.instance)
        AND (issuers.contract IS NULL OR (issuers.contract = i.contract AND issuers.chain_id = i.chain_id))
        AND CASE i.source WHEN 'passport' THEN issuers.signer = i.signer ELSE issuers.contract IS NOT NULL END
    ORDER BY issuers.instance IS NULL, issuers.contract IS NULL, issuers.id LIMIT 1) AS s ON true;

-- Sets what counts of these members, and tells front ends of whom it changed: not by a trigger on users, which would look at
-- every row that reports write.
CREATE FUNCTION believe_imports(bigint[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed text[];
BEGIN
    -- In the order of rows, as everywhere.
    PERFORM id FROM users WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE;
    WITH counted AS (
        SELECT u.id, least(coalesce(sum(b.believed_up), 0), 9223372036854775807)::bigint AS up, least(coalesce(sum(b.believed_down), 0), 9223372036854775807)::bigint AS down
        FROM users u LEFT JOIN believed_imports b ON b.member = u.id WHERE u.id = ANY($1) GROUP BY u.id),
    written AS (
        UPDATE users SET believed_uploaded = counted.up, believed_downloaded = counted.down FROM counted
        WHERE users.id = counted.id AND (users.believed_uploaded, users.believed_downloaded) <> (counted.up, counted.down) RETURNING user_id)
    SELECT coalesce(array_agg(user_id ORDER BY user_id), '{}') INTO changed FROM written;
    IF cardinality(changed) > 0 THEN
        PERFORM pg_advisory_xact_lock(7235512990241);
        INSERT INTO policy_changes (user_id) SELECT * FROM unnest(changed);
    END IF;
    RETURN cardinality(changed);
END
$$;
