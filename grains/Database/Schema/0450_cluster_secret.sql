-- What the processes of the cluster prove to each other before they talk (see ClusterKey). Version 4 UUIDs are 122 random bits
-- each; the digits that never vary do no harm.
CREATE TABLE cluster_secret (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret bytea NOT NULL CHECK (length(secret) >= 32)
);
INSERT INTO cluster_secret (secret)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));
