-- The instance: made once for a cluster, part of what members sign when they register. 256 random bits as hex
-- (two random UUIDs hashed).
CREATE TABLE instance (
    singleton  boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id         text NOT NULL CHECK (id ~ '^[0-9a-f]{64}$'),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO instance (id)
VALUES (encode(sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')), 'hex'));

-- What POST /config has set; a name that is absent has the value of the process's configuration.
CREATE TABLE settings (
    name       text PRIMARY KEY,
    value      text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- Members. public_key is the text they registered, key the 48 bytes when it is one. Totals are bytes and saturate.
-- Every update of totals locks rows in id order.
CREATE TABLE users (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id            text COLLATE "C" NOT NULL UNIQUE,
    public_key         text NOT NULL,
    key                bytea CHECK (length(key) = 48),
    proven             boolean NOT NULL DEFAULT false CHECK (NOT proven OR key IS NOT NULL),
    passkey            text COLLATE "C" NOT NULL UNIQUE CHECK (passkey ~ '^[0-9a-f]{32}$'),
    uploaded           bigint NOT NULL DEFAULT 0 CHECK (uploaded >= 0),
    downloaded         bigint NOT NULL DEFAULT 0 CHECK (downloaded >= 0),
    claimed_uploaded   bigint NOT NULL DEFAULT 0 CHECK (claimed_uploaded >= 0),
    claimed_downloaded bigint NOT NULL DEFAULT 0 CHECK (claimed_downloaded >= 0),
    registered_at      timestamptz NOT NULL
) WITH (fillfactor = 80);

-- A key has one proven holder; unproven claims to it are only claims.
CREATE UNIQUE INDEX users_proven_key ON users (key) WHERE proven;
CREATE INDEX users_claimed_key ON users (key) WHERE NOT proven;
