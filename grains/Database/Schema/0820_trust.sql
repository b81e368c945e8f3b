-- Members whose voices the scores begin with, marked by the operator. Nobody: the oldest of those they reach (docs/trust.md).
CREATE TABLE trust_seeds (
    member    bigint PRIMARY KEY,
    marked_at timestamptz NOT NULL DEFAULT now()
);

-- Computations that came to their end, each written in one transaction with all it found; whoever computes holds the lock of
-- grains/Trust/TrustStore until then, so that none is done twice.
CREATE TABLE trust_runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    asked       boolean NOT NULL,
    members     bigint NOT NULL,
    edges       bigint NOT NULL,
    seeds       bigint NOT NULL,
    marked      boolean NOT NULL,
    clusters    bigint NOT NULL,
    full_score  double precision NOT NULL CHECK (full_score > 0),
    decay       double precision NOT NULL,
    passage     double precision NOT NULL,
    full_voice  bigint NOT NULL,
    CHECK (finished_at >= started_at)
);
CREATE INDEX trust_runs_started_at ON trust_runs (started_at);

-- What the last one found of each member that has a key. A table of its own: the ledger waits for nobody who writes it.
CREATE TABLE trust_scores (
    member      bigint PRIMARY KEY,
    score       double precision NOT NULL CHECK (score BETWEEN 0 AND 1),
    voices      double precision NOT NULL CHECK (voices >= 0),
    seed        boolean NOT NULL,
    cluster     bigint,
    computed_at timestamptz NOT NULL
);
CREATE INDEX trust_scores_score ON trust_scores (score);
CREATE INDEX trust_scores_cluster ON trust_scores (cluster, member) WHERE cluster IS NOT NULL;

-- Members that deal much with each other and little with others, in bytes; the first has the most inner bytes.
CREATE TABLE trust_clusters (
    id          bigint PRIMARY KEY,
    members     bigint NOT NULL,
    inner_bytes bigint NOT NULL,
    given       bigint NOT NULL,
    taken       bigint NOT NULL,
    score       double precision NOT NULL
);
