# The tracker's processes: all-in-one nodes, silos, front ends, and the proxy before them.

SILO_DLL=$ROOT/silo/bin/Release/net10.0/Pbts.Silo.dll
API_DLL=$ROOT/api/bin/Release/net10.0/Pbts.Api.dll

# Files in /proc have no size: read it.
has_ipv6() { grep -q . /proc/net/if_inet6 2>/dev/null; }

# listen_urls HOST PORT: loopback and "every address" mean both families.
listen_urls() {
    case $1 in
        127.0.0.1 | localhost) has_ipv6 && echo "http://127.0.0.1:$2;http://[::1]:$2" || echo "http://127.0.0.1:$2" ;;
        0.0.0.0 | '*') has_ipv6 && echo "http://[::]:$2" || echo "http://0.0.0.0:$2" ;;
        *:*) echo "http://[$1]:$2" ;;
        *) echo "http://$1:$2" ;;
    esac
}

# udp_urls HOST PORT: the same for the UDP tracker. Behind the proxy, which passes HTTP alone, the first front end has it.
# PBTS_UDP_LISTEN in the environment of ./pbts wins.
GIVEN_UDP_LISTEN=${PBTS_UDP_LISTEN:-}
udp_urls() { if [ -n "$GIVEN_UDP_LISTEN" ]; then echo "$GIVEN_UDP_LISTEN"; else listen_urls "$1" "$2" | sed 's/http:/udp:/g'; fi; }

# The address under which this machine itself reaches HOST.
reach() {
    case $1 in
        0.0.0.0 | '*' | localhost) echo 127.0.0.1 ;;
        ::) echo ::1 ;;
        *) echo "$1" ;;
    esac
}

# kept_port SETTING: the port a process had before, unless somebody else has it now; else a free one, kept from now on.
kept_port() {
    local port
    port=$(setting "$1")
    if [ -z "$port" ] || port_busy "$port"; then
        port=$(free_port)
        save_setting "$1" "$port"
    fi
    echo "$port"
}

# start_host NAME ROLE LISTEN PORT: ROLE is node, silo or api. The port is kept for status and readiness.
start_host() {
    local name=$1 role=$2 listen=$3 port=$4 udp=off dll=$SILO_DLL environment management silo
    pid_of "$name" >/dev/null && return
    save_setting "port_$name" "$port"
    # Prometheus looks for it there.
    management=$(kept_port "management_$name")
    case $role:$name in node:node-1 | node:silo-1 | api:api-1) udp=$(udp_urls "$(setting host)" "$(setting port)") ;; esac
    environment=(PBTS_DATABASE="$DATABASE" PBTS_NAME="$name" PBTS_LISTEN="$listen" PBTS_UDP_LISTEN="$udp" PBTS_MANAGEMENT_LISTEN="http://127.0.0.1:$management")
    if [ "$role" = api ]; then dll=$API_DLL
    else
        # A silo that comes back to its address shows that the one before is dead: nobody has to wait until that is noticed.
        silo=$(kept_port "silo_port_$name")
        environment+=(PBTS_ROLE="$role" PBTS_ADVERTISED_ADDRESS=127.0.0.1 PBTS_SILO_PORT="$silo" PBTS_GATEWAY_PORT=0)
    fi
    step "Starting $name ($listen)"
    # Never as arguments of env(1), which everybody sees; and for this process alone: whoever keeps it running later must
    # not take what is ours for the operator's own PBTS_DATABASE or RPC.
    local -x "${environment[@]}" "${CHAIN_ENVIRONMENT[@]}"
    cd "$(dirname "$dll")" || die "$(dirname "$dll") is missing"
    launch "$name" dotnet "$dll"
    cd "$WORK_DIR" || true
}

start_tracker() {
    local host=$1 port=$2 silos=$3 apis=$4 i names=() backends=() role=node p
    if [ "$silos" = 0 ] && [ "$apis" = 0 ]; then
        without_proxy
        start_host node-1 node "$(listen_urls "$host" "$port")" "$port"
        wait_ready node-1 120
        return
    fi
    [ "$silos" = 0 ] && silos=1
    [ "$apis" = 0 ] || role=silo
    behind_proxy
    for ((i = 1; i <= silos; i++)); do
        p=$(backend_port "silo-$i")
        [ "$role" = node ] && backends+=("$p")
        start_host "silo-$i" "$role" "http://127.0.0.1:$p" "$p"
        # The first creates the tables and the cluster; the others join it together.
        if [ "$i" = 1 ]; then wait_ready silo-1 120; else names+=("silo-$i"); fi
    done
    for p in "${names[@]}"; do wait_ready "$p" 120; done
    names=()
    for ((i = 1; i <= apis; i++)); do
        p=$(backend_port "api-$i")
        backends+=("$p")
        start_host "api-$i" api "http://127.0.0.1:$p" "$p"
        names+=("api-$i")
    done
    for p in "${names[@]}"; do wait_ready "$p" 120; done
    start_proxy "$host" "$port" "${backends[@]}"
}

# The port NAME has while it runs, else a free one.
backend_port() {
    if pid_of "$1" >/dev/null; then setting "port_$1"; else free_port; fi
}

# Behind the proxy every request comes from a process of ours on loopback: its forwarding header is trusted, and
# administration needs the token, since whose process it is no longer says who asks.
behind_proxy() {
    export Tracker__TrustedProxies__0=127.0.0.1 Tracker__TrustedProxies__1=::1 Administration__AllowLocal=false
    admin_token || true
}

# Without one, programs of this user on this machine need no token, unless the operator has one of its own.
without_proxy() { if admin_token; then export Administration__AllowLocal="${Administration__AllowLocal:-true}"; fi; }

# The token for administration, from now on in the data folder; false when the operator has set one.
admin_token() {
    [ -n "${PBTS_ADMIN_TOKEN:-}" ] && return 1
    if [ ! -s "$DATA/admin-token" ]; then
        (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$DATA/admin-token")
    fi
    PBTS_ADMIN_TOKEN=$(cat "$DATA/admin-token")
    export PBTS_ADMIN_TOKEN
}

start_proxy() {
    local host=$1 port=$2 url without=()
    shift 2
    need_nginx
    mkdir -p "$DATA/proxy"
    cp "$ROOT/deploy/route.js" "$DATA/proxy/"
    if [ -z "$NGINX_JS" ]; then
        say "    nginx has no JavaScript module here: announces are routed by the info hash as it is written, which costs some a hop"
        without=(-e /load_module/d -e /js_path/d -e /js_import/d -e 's/js_set $route .*/map $arg_info_hash $route { "" $request_id; default $arg_info_hash; }/')
    fi
    {
        sed -e "s|@DIR@|$DATA/proxy|g" -e "s|@JS@|$NGINX_JS|" "${without[@]}" "$ROOT/deploy/nginx.conf.in" | while IFS= read -r line; do
            case $line in
                *@LISTEN@*) listen_urls "$host" "$port" | tr ';' '\n' | sed 's|^http://\(.*\)$|    listen \1;|' ;;
                *@BACKENDS@*) for url in "$@"; do echo "    server 127.0.0.1:$url max_fails=1 fail_timeout=2s;"; done ;;
                *) printf '%s\n' "$line" ;;
            esac
        done
    } >"$DATA/proxy/nginx.conf"
    save_setting port_proxy "$port"
    if pid_of proxy >/dev/null; then
        kill -HUP "$(pid_of proxy)" # Restarted backends have new ports.
    else
        step "Starting the proxy (nginx, hashing on info_hash)"
        launch proxy "$NGINX" -p "$DATA/proxy" -e "$DATA/logs/proxy.log" -c "$DATA/proxy/nginx.conf"
    fi
    wait_ready proxy 30
}

# state NAME: ready, starting, or stopped (recorded but no longer running).
state() {
    pid_of "$1" >/dev/null || { echo stopped; return; }
    case $1 in
        postgres) postgres_ready ;;
        chain) chain_ready ;;
        *) [ "$(http_status "$(probe_host "$1")" "$(setting "port_$1")" /health/ready)" = 200 ] ;;
    esac && echo ready || echo starting
}

# Only node-1 and the proxy listen on the operator's --host; the rest is on loopback.
probe_host() {
    case $1 in
        node-1 | proxy) reach "$(setting host)" ;;
        *) echo 127.0.0.1 ;;
    esac
}

# wait_ready NAME SECONDS
wait_ready() {
    local name=$1 deadline=$((SECONDS + $2))
    while [ "$SECONDS" -lt "$deadline" ]; do
        case $(state "$name") in
            ready) return ;;
            stopped)
                tail -20 "$DATA/logs/$name.log" >&2
                die "$name ended while it was starting; its log: $DATA/logs/$name.log" ;;
        esac
        sleep 0.2
    done
    tail -20 "$DATA/logs/$name.log" >&2
    die "$name was not ready after $2 s; its log: $DATA/logs/$name.log"
}
