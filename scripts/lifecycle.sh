# up, down and status.

parse_options() {
    PORT=8000 HOST=127.0.0.1 DATA=.pbts SILOS=0 APIS=0 CHAIN=1 DETACH= JSON=
    while [ $# -gt 0 ]; do
        case $1 in
            --port=* | --host=* | --data=* | --silos=* | --apis=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
        esac
        case $1 in
            --port | --host | --data | --silos | --apis)
                [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value"
                case $1 in
                    --port) PORT=$(number "$1" "$2" 1 65535) || exit 1 ;;
                    --host) HOST=${2#[} HOST=${HOST%]} ;;
                    --data) DATA=$2 ;;
                    --silos) SILOS=$(number "$1" "$2" 1 64) || exit 1 ;;
                    --apis) APIS=$(number "$1" "$2" 1 64) || exit 1 ;;
                esac
                shift 2 ;;
            --no-chain) CHAIN=0; shift ;;
            --detach | -d) DETACH=1; shift ;;
            --json) JSON=1; shift ;;
            --help | -h) usage; exit 0 ;;
            *) die "unknown option $1 (./pbts help lists them)" ;;
        esac
    done
    case $DATA in *[[:space:]\;\|\'\"]*) die "--data: no spaces, quotes, ; or | in the folder's name, please" ;; esac
    case $HOST in *[!0-9a-zA-Z.:*_-]*) die "--host: not an address: $HOST" ;; esac
    DATA=$(readlink -m "$DATA")
    case $DATA in *[[:space:]\;\|\'\"]*) die "--data: the folder's path has a space, quote, ; or |: $DATA" ;; esac
    WORK_DIR=$PWD
}

number() {
    [[ $2 =~ ^[0-9]{1,5}$ ]] && [ $((10#$2)) -ge "$3" ] && [ $((10#$2)) -le "$4" ] || die "$1 must be a number from $3 to $4, not $2"
    echo $((10#$2))
}

cmd_up() {
    parse_options "$@"
    STARTED=()
    mkdir -p "$DATA/run" "$DATA/logs" || die "cannot create $DATA"
    exec 9>"$DATA/lock"
    flock -n 9 || { say "Another ./pbts is at work in $DATA; waiting for it"; flock 9; }
    exec 4>&1
    trap 'trap - EXIT; on_signal' INT TERM HUP
    trap on_failure EXIT

    local names=() missing=0 partly= name
    mapfile -t names < <(recorded)
    for name in "${names[@]}"; do pid_of "$name" >/dev/null || missing=1; done
    if [ ${#names[@]} -gt 0 ] && [ $missing = 0 ]; then
        say "Already running in $DATA"
        trap - EXIT INT TERM HUP
        summary
        exit 0
    fi
    if [ ${#names[@]} -gt 0 ] && { [ -n "${PBTS_KEEPER:-}" ] || any_alive "${names[@]}"; }; then
        say "Already running in $DATA in part; starting what is missing, with the settings it was started with"
        HOST=$(setting host) PORT=$(setting port) SILOS=$(setting silos) APIS=$(setting apis) CHAIN=$(setting chain) partly=1
        need_same_backing
    fi
    for name in "${names[@]}"; do
        pid_of "$name" >/dev/null && continue
        # In part: what is missing stays on record until it has been started.
        if [ -n "$partly" ]; then kill_orphans "$name"; else stop_names KILL 0 "$name"; fi
    done
    # In part: a front end of ours may have the port for UDP.
    if [ -z "$partly" ] && port_busy "$PORT" && ! port_falls_free "$PORT"; then
        die "port $PORT is in use by another program; choose another (--port $(free_port)) or stop that one (ss -ltnp 'sport = :$PORT' names it)"
    fi
    touch "$DATA/instance"
    chmod 600 "$DATA/instance"
    for name in host:"$HOST" port:"$PORT" silos:"$SILOS" apis:"$APIS" chain:"$CHAIN"; do save_setting "${name%%:*}" "${name#*:}"; done

    need_dotnet
    # Whoever restarts what has ended takes the programs as they are.
    [ -n "${PBTS_KEEPER:-}" ] || build_once silo
    start_backing
    start_tracker "$HOST" "$PORT" "$SILOS" "$APIS"
    say
    summary
    flock -u 9
    exec 9>&-
    if [ -n "$DETACH" ]; then
        trap - EXIT INT TERM HUP
        start_keeper
        exit 0
    fi
    say "Ctrl-C stops it."
    supervise
}

# The database and the chain, and what the tracker's processes need to know of them; what runs already is left alone.
start_backing() {
    if [ -n "${PBTS_DATABASE:-}" ]; then
        say "    PBTS_DATABASE is set: no PostgreSQL of its own"
        DATABASE=$PBTS_DATABASE
        save_setting external_database 1
    else
        save_setting external_database 0
        start_postgres
    fi
    save_setting external_chain 0
    if [ -n "${RPC:-}" ]; then
        say "    RPC is set: no chain of its own"
        save_setting external_chain 1
        save_setting rpc "$RPC"
    elif [ "$CHAIN" = 1 ]; then
        start_chain
    else
        save_setting rpc ""
    fi
}

# What this instance was started with from outside has to be given again: it is not kept.
need_same_backing() {
    [ "$(setting external_database)" != 1 ] || [ -n "${PBTS_DATABASE:-}" ] || die "this instance uses a database of its own choice: set PBTS_DATABASE as for ./pbts up"
    [ "$(setting external_chain)" != 1 ] || [ -n "${RPC:-}" ] || die "this instance uses a chain of its own choice: set RPC as for ./pbts up"
}

# What was killed may hold its port a moment longer: waits for that when something of ours ran here before.
port_falls_free() {
    local tries
    [ ${#names[@]} -gt 0 ] || return
    for ((tries = 0; tries < 20; tries++)); do
        sleep 0.1
        port_busy "$1" || return 0
    done
    return 1
}

any_alive() {
    local name
    for name in "$@"; do pid_of "$name" >/dev/null && return; done
    return 1
}

# Several processes are kept running: what ends without having been stopped is started again, the database and the proxy
# too. Orleans ends a silo that the others have declared dead, for example because its network was away: started again, it
# is a member again.
keeps_running() { [ "$(setting silos)$(setting apis)" != 00 ]; }

# Does in the background what the foreground command does; `down` ends it. Its file is hidden from `recorded`: it is no part
# of the tracker.
start_keeper() {
    keeps_running && [ -z "${PBTS_KEEPER:-}" ] && ! pid_of .keeper >/dev/null || return 0
    launch .keeper "$ROOT/pbts" keep --data "$DATA"
}

cmd_keep() {
    parse_options "$@"
    mapfile -t STARTED < <(recorded)
    supervise
}

# Report what dies, start it again where there are several, end when nothing is left of what this command started.
supervise() {
    local reported=" " name since
    local -A restarted=() pause=()
    while :; do
        sleep 1 &
        wait $! 2>/dev/null
        # Another ./pbts at work here is stopping or starting things on purpose.
        flock -n "$DATA/lock" true || continue
        for name in "${STARTED[@]}"; do
            if [ ! -e "$DATA/run/$name.pid" ] || pid_of "$name" >/dev/null; then continue; fi
            if keeps_running; then
                since=$((SECONDS - ${restarted[$name]:--999}))
                [ $since -gt "${pause[$name]:-0}" ] || continue
                say "pbts: $name ended unexpectedly; starting it again (its log: $DATA/logs/$name.log)" >&2
                PBTS_KEEPER=1 "$ROOT/pbts" up --detach --data "$DATA" >/dev/null ||
                    say "pbts: that did not work; trying again" >&2
                # Ever longer pauses for what ends again and again.
                if [ $since -gt 60 ]; then pause[$name]=1; else pause[$name]=$((${pause[$name]} < 16 ? ${pause[$name]} * 2 : 30)); fi
                restarted[$name]=$SECONDS
                break # All that was missing has been started.
            fi
            [[ $reported == *" $name "* ]] && continue
            reported+="$name "
            say "pbts: $name ended unexpectedly; its log: $DATA/logs/$name.log (./pbts up --detach --data $DATA starts it again)" >&2
        done
        # What is kept running is on record until `down`, whatever becomes of it.
        if ! any_alive "${STARTED[@]}" && { ! keeps_running || [ -z "$(recorded)" ]; }; then
            trap - EXIT
            [ -n "$(recorded)" ] && die "nothing is left running"
            say "Stopped."
            exit 0
        fi
    done
}

on_signal() {
    trap '' INT TERM HUP
    exec >&4 # The signal may have come inside a function whose output goes elsewhere.
    say
    stop_all "${STARTED[@]}"
    say "Stopped. The data stays in $DATA."
    exit 130
}

on_failure() {
    local status=$?
    trap '' INT TERM HUP
    # Whoever keeps things running keeps what it got to run, and tries again.
    [ -n "${PBTS_KEEPER:-}" ] || [ ${#STARTED[@]} = 0 ] || stop_all "${STARTED[@]}"
    exit $status
}

# stop_all NAME…: outside in, so that nobody loses what it still needs.
stop_all() {
    local name hosts=() fronts=() proxies=()
    step "Stopping: $*"
    for name in "$@"; do
        case $name in
            proxy*) proxies+=("$name") ;;
            api-*) fronts+=("$name") ;;
            node-* | silo-*) hosts+=("$name") ;;
        esac
    done
    stop_names TERM 10 "${proxies[@]}"
    # Longer than the 30 s in which a process hands over what it has.
    stop_names TERM 40 "${fronts[@]}"
    stop_names TERM 40 "${hosts[@]}"
    [[ " $* " == *" chain "* ]] && stop_names TERM 15 chain
    [[ " $* " == *" postgres "* ]] && stop_names INT 30 postgres
    return 0
}

cmd_down() {
    parse_options "$@"
    local names
    mapfile -t names < <(recorded)
    if [ ${#names[@]} = 0 ]; then
        say "Nothing runs in $DATA"
        return 0
    fi
    # Before the lock: it may be starting something again.
    stop_names TERM 5 .keeper
    exec 9>"$DATA/lock"
    flock 9
    mapfile -t names < <(recorded)
    stop_all "${names[@]}"
    say "Stopped. The data stays in $DATA."
}

# One process after the other, each only when the one before it is ready again: with several behind the proxy nobody
# notices. Takes up new programs (built before) and new settings from the environment.
cmd_rolling_restart() {
    parse_options "$@"
    local names hosts=() name port role began
    mapfile -t names < <(recorded)
    any_alive "${names[@]}" || die "nothing runs in $DATA"
    exec 9>"$DATA/lock"
    flock 9
    HOST=$(setting host) PORT=$(setting port) SILOS=$(setting silos) APIS=$(setting apis) CHAIN=$(setting chain) STARTED=()
    need_same_backing
    need_dotnet
    start_backing
    if [ "$SILOS$APIS" = 00 ]; then without_proxy; else behind_proxy; fi
    for name in "${names[@]}"; do case $name in silo-*) hosts+=("$name") ;; esac; done
    for name in "${names[@]}"; do case $name in api-* | node-*) hosts+=("$name") ;; esac; done
    [ ${#hosts[@]} -gt 1 ] || say "There is one process alone: the tracker is away while it restarts"
    for name in "${hosts[@]}"; do
        case $name in
            api-*) role=api ;;
            silo-*) [ "$APIS" = 0 ] && role=node || role=silo ;;
            node-*) role=node ;;
        esac
        port=$(setting "port_$name") began=$SECONDS
        step "Restarting $name"
        stop_names TERM 40 "$name"
        if [ "$name" = node-1 ]; then start_host "$name" node "$(listen_urls "$HOST" "$PORT")" "$PORT"
        else start_host "$name" "$role" "http://127.0.0.1:$port" "$port"; fi
        wait_ready "$name" 120
        say "    $name is ready again after $((SECONDS - began)) s"
        # The proxy does not go back to what refused it for two seconds: until then the next one must stay.
        [ "$name" = node-1 ] || [ "$name" = "${hosts[-1]}" ] || sleep 3
    done
}

cmd_status() {
    parse_options "$@"
    if [ -n "$JSON" ]; then status_json; else summary; fi
}

tracker_url() { listen_urls "$(reach "$(setting host)")" "$(setting port)" | cut -d';' -f1; }

database_text() {
    local socket
    socket=$(setting socket)
    if [ "$(setting external_database)" = 1 ]; then echo "the one PBTS_DATABASE named"
    elif pid_of postgres >/dev/null; then echo "Host=$socket;Port=5432;Username=pbts;Database=pbts"
    fi
}

# running (all ready), starting, degraded (something died) or stopped, then one "name pid state" a line.
survey() {
    local name overall=running any= pid s lines=()
    while read -r name; do
        [ -n "$name" ] || continue
        s=$(state "$name")
        pid=$(pid_of "$name") || pid=
        lines+=("$name ${pid:-0} $s")
        case $s in
            stopped) overall=degraded ;;
            starting) [ $overall = running ] && overall=starting ;;
        esac
        [ -n "$pid" ] && any=1
    done < <(recorded)
    [ -n "$any" ] || overall=stopped
    printf '%s\n' "$overall" "${lines[@]}"
}

status_json() {
    local lines overall line first=1 name pid s
    mapfile -t lines < <(survey)
    overall=${lines[0]}
    printf '{"state":%s,"processes":[' "$(json_string "$overall")"
    for line in "${lines[@]:1}"; do
        [ -n "$line" ] || continue
        read -r name pid s <<<"$line"
        [ $first = 1 ] || printf ','
        first=0
        [ "$pid" = 0 ] && pid=null
        printf '{"name":%s,"pid":%s,"state":%s,"log":%s' "$(json_string "$name")" "$pid" "$(json_string "$s")" "$(json_string "$DATA/logs/$name.log")"
        case $name in
            postgres) ;;
            chain) printf ',"url":%s' "$(json_string "http://127.0.0.1:$(setting chain_port)")" ;;
            *)
                [ -n "$(setting "management_$name")" ] && printf ',"metrics":%s' "$(json_string "http://127.0.0.1:$(setting "management_$name")/metrics")"
                printf ',"url":%s' "$(json_string "$(listen_urls "$(probe_host "$name")" "$(setting "port_$name")" | cut -d';' -f1)")" ;;
        esac
        printf '}'
    done
    printf '],"tracker":%s,"announce":%s' "$(url_or_null "$overall" "")" "$(url_or_null "$overall" /announce)"
    printf ',"announce_udp":%s' "$(url_or_null "$overall" /announce | sed 's/http:/udp:/')"
    printf ',"database":%s,"rpc":%s,"factory":%s' "$(string_or_null "$(database_text)")" "$(string_or_null "$(setting rpc)")" "$(string_or_null "$(setting factory)")"
    printf ',"data":%s,"logs":%s}\n' "$(json_string "$DATA")" "$(json_string "$DATA/logs")"
}

string_or_null() { if [ -n "$1" ]; then json_string "$1"; else printf null; fi; }
url_or_null() { if [ "$1" = stopped ]; then printf null; else json_string "$(tracker_url)$2"; fi; }

summary() {
    local lines line name pid s url port
    mapfile -t lines < <(survey)
    if [ "${lines[0]}" = stopped ]; then
        say "Nothing runs in $DATA"
        return
    fi
    url=$(tracker_url)
    say "PBTS is ${lines[0]}."
    say "  tracker    $url/announce   (put this into your torrents)"
    say "             udp://${url#http://}/announce   (the same over UDP)"
    say "  API        $url/health"
    say "  console    $url/console"
    say "  database   $(database_text)"
    [ -n "$(setting rpc)" ] && say "  chain      $(setting rpc)   factory $(setting factory)"
    [ -s "$DATA/admin-token" ] && say "  admin      token in $DATA/admin-token (Authorization: Bearer …)"
    say "  logs       $DATA/logs"
    say "  processes"
    for line in "${lines[@]:1}"; do
        read -r name pid s <<<"$line"
        port=$(setting "management_$name")
        printf "    %-10s %-8s %-8s%s\n" "$name" "$s" "${pid/#0/}" "${port:+ metrics http://127.0.0.1:$port/metrics}"
    done
    say "  stop       ./pbts down$([ "$DATA" = "$(readlink -m .pbts)" ] || echo " --data $DATA")"
}
