#!/bin/sh
# Run once by PostgreSQL's image when it creates its data: the tracker's role owns the tracker's database and is nothing more.
# POSTGRES_USER is the superuser, whose password the tracker is never told.
set -eu
: "${PBTS_DATABASE_PASSWORD:?is missing}"
export PBTS_DATABASE_NAME="${PBTS_DATABASE_NAME:-pbts}"
# The password comes by the environment: arguments are visible to everybody on the machine.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv name PBTS_DATABASE_NAME
\getenv password PBTS_DATABASE_PASSWORD
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
-- Others of this server have no business there.
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
