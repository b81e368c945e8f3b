-- Tokens for programs: what each may do is in its scopes. A token is random and kept only as its SHA-256.
CREATE TABLE api_tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    token_hash   bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    scopes       text[] NOT NULL CHECK (cardinality(scopes) > 0),
    made_at      timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    revoked_at   timestamptz
);

-- Front ends hear of new and revoked ones as of other rules; when one was used last is nothing to them.
CREATE TRIGGER api_tokens_policy AFTER INSERT OR DELETE OR UPDATE OF scopes, revoked_at ON api_tokens FOR EACH STATEMENT EXECUTE FUNCTION follow_client_policy();
