-- What administrators did, of all processes; the newest are kept.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    action  text NOT NULL,
    address text NOT NULL,
    outcome text NOT NULL
);
