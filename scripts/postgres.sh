# A private PostgreSQL: Unix socket only, in a folder of mode 700, so no port, no password, no secret.

# The user PostgreSQL runs as: never root, which it refuses.
postgres_user() {
    if [ "$(id -u)" != 0 ]; then id -un
    elif id postgres >/dev/null 2>&1; then echo postgres
    else echo nobody; fi
}

# as_postgres COMMAND…: keeps the pid (exec all the way).
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$(postgres_user)" --regid="$(id -g "$(postgres_user)")" --clear-groups "$@"
    else
        "$@"
    fi
}

# Sets PG_HOME, which holds data/ and socket/: DATA/postgres, or elsewhere (and remembered) when root's
# unprivileged stand-in cannot reach that, as in a clone under /root.
postgres_home() {
    PG_HOME=$(setting postgres)
    [ -n "$PG_HOME" ] && [ -d "$PG_HOME" ] && return
    if [ -n "$PG_HOME" ]; then
        die "the database folder $PG_HOME, which $DATA/instance names, is gone; to start with an empty database remove $DATA"
    fi
    PG_HOME=$DATA/postgres
    mkdir -p "$PG_HOME"
    if [ "$(id -u)" = 0 ]; then
        chown "$(postgres_user)": "$PG_HOME"
        if ! as_postgres test -w "$PG_HOME"; then
            rmdir "$PG_HOME"
            mkdir -p /var/lib/pbts && chmod 711 /var/lib/pbts
            PG_HOME=$(mktemp -d /var/lib/pbts/XXXXXXXX)
            chown "$(postgres_user)": "$PG_HOME"
            save_setting postgres "$PG_HOME"
            say "    PostgreSQL may not run as root, and user $(postgres_user) cannot reach $DATA: its files are in $PG_HOME"
        fi
    fi
    chmod 700 "$PG_HOME"
}

# A socket path may have 107 bytes; a deep folder gets a short one in /tmp.
postgres_socket() {
    PG_SOCKET=$(setting socket)
    if [ -z "$PG_SOCKET" ] || [ ! -d "$PG_SOCKET" ]; then
        PG_SOCKET=$PG_HOME/socket
        [ ${#PG_SOCKET} -le 85 ] || PG_SOCKET=$(mktemp -d /tmp/pbts-XXXXXXXX)
        mkdir -p "$PG_SOCKET"
        chmod 700 "$PG_SOCKET"
        [ "$(id -u)" = 0 ] && chown "$(postgres_user)": "$PG_SOCKET"
        save_setting socket "$PG_SOCKET"
    fi
    # A pool of 40 connections a process: ten silos fit into the server's 500.
    DATABASE="Host=$PG_SOCKET;Port=5432;Username=pbts;Database=pbts;Maximum Pool Size=40"
}

start_postgres() {
    need_postgres
    postgres_home
    postgres_socket
    local data=$PG_HOME/data stale lock
    if [ ! -d "$data" ]; then
        step "Creating the database in $PG_HOME"
        as_postgres rm -rf "$data.new"
        (cd / && as_postgres "$PG_BIN/initdb" -D "$data.new" -U pbts --auth=trust -E UTF8 --no-locale) >>"$DATA/logs/postgres.log" 2>&1 ||
            die "initdb failed, see $DATA/logs/postgres.log"
        as_postgres mv "$data.new" "$data"
    fi
    local version
    version=$(as_postgres cat "$data/PG_VERSION")
    [ -x "/usr/lib/postgresql/$version/bin/postgres" ] && PG_BIN=/usr/lib/postgresql/$version/bin
    pid_of postgres >/dev/null && return
    # After a crash the pid in a lock file may belong to some other program, or to what is left of the server.
    for lock in "$data/postmaster.pid" "$PG_SOCKET/.s.PGSQL.5432.lock"; do
        stale=$(as_postgres head -1 "$lock" 2>/dev/null)
        if [ -n "$stale" ] && [ "$(readlink "/proc/$stale/cwd")" != "$data" ]; then as_postgres rm -f "$lock"; fi
    done
    step "Starting PostgreSQL $version (socket in $PG_SOCKET)"
    # as_postgres is spelled out: launch needs a program, not a function. The current folder may be closed
    # to PostgreSQL's user, and it insists on knowing it.
    local drop=()
    cd / || return
    [ "$(id -u)" = 0 ] && drop=(setpriv "--reuid=$(postgres_user)" "--regid=$(id -g "$(postgres_user)")" --clear-groups)
    launch postgres "${drop[@]}" "$PG_BIN/postgres" -D "$data" -c listen_addresses= \
        -c "unix_socket_directories=$PG_SOCKET" -c port=5432 -c max_connections=500 -c logging_collector=off
    cd "$WORK_DIR" || true
    wait_ready postgres 60
    if [ -z "$(postgres_query postgres "select 1 from pg_database where datname='pbts'")" ]; then
        postgres_query postgres 'create database pbts' || die "cannot create the database, see $DATA/logs/postgres.log"
    fi
}

postgres_query() { "$PG_BIN/psql" -X -q -A -t -h "$PG_SOCKET" -U pbts -d "$1" -c "$2" </dev/null; }

postgres_ready() {
    local bin
    bin=${PG_BIN:-$(newest_postgres)} && "$bin/pg_isready" -q -h "$(setting socket)" -p 5432
}
