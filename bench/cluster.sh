# How the tracker bears load over time and over many processes, each on a tracker of its own; all take --json FILE:
# ./pbts bench memory   [--swarms 100000] [--peers 1000000]
# ./pbts bench soak     [--minutes 30]
# ./pbts bench overload [--times 5] [--seconds 15] [--clients 2000] [--silos]
# ./pbts bench cluster  [--announces 30000] [--torrents 1000]

# A tracker whose data and processes go when the command ends; sets BENCH_DATA and BENCH_PORT.
bench_tracker() {
    local folder
    bench_program
    folder=$(mktemp -d)
    chmod 755 "$folder"
    BENCH_DATA=$folder/data
    BENCH_PORT=$(free_port)
    trap 'bench_tracker_down' EXIT
    step "Starting a tracker"
    # A process that is pinned to one core counts one processor, as in a container of one core.
    ${one_core:+env DOTNET_PROCESSOR_COUNT=1} "$ROOT/pbts" up --no-chain --detach --data "$BENCH_DATA" --port "$BENCH_PORT" "$@" >"$folder/up.log" 2>&1 ||
        { tail -5 "$folder/up.log" >&2; die "the tracker did not start"; }
}

bench_tracker_down() {
    "$ROOT/pbts" down --data "$BENCH_DATA" >/dev/null 2>&1
    rm -rf "$(dirname "$BENCH_DATA")"
}

# The server on core 0 and the load on core 1, so that neither takes from the other.
bench_pin() {
    need_programs taskset:util-linux
    [ "$(nproc)" -ge 2 ] || die "the server and the load need a core each; this machine has $(nproc)"
    local pid
    for pid in "$@"; do taskset -a -cp 0 "$pid" >/dev/null; done
}

bench_memory() {
    # Peers are gone, and idle swarms put away, after one and a half intervals.
    export Tracker__Interval=120 Tracker__MinInterval=60 Tracker__ShedAfter=0
    bench_tracker
    dotnet "$BENCH_DLL" memory --port "$BENCH_PORT" --pid "$(bench_process "$BENCH_DATA" node-1 pid)" --metrics "$(bench_process "$BENCH_DATA" node-1 metrics)" --idle 180 "$@"
}

bench_soak() {
    local one_core=1
    export Tracker__Interval=20 Tracker__MinInterval=10
    bench_tracker
    bench_pin "$(bench_process "$BENCH_DATA" node-1 pid)"
    taskset -c 1 dotnet "$BENCH_DLL" soak --port "$BENCH_PORT" --pid "$(bench_process "$BENCH_DATA" node-1 pid)" --metrics "$(bench_process "$BENCH_DATA" node-1 metrics)" "$@" && return
    # What the node has to say of it must not go with its folder.
    cp "$BENCH_DATA/logs/node-1.log" "$ROOT/.pbts/soak-node.log" && say "The node's log is kept in $ROOT/.pbts/soak-node.log"
    return 1
}

bench_overload() {
    local front=node-1 one_core=1
    if [ "${1:-}" = --silos ]; then
        # A front end and a silo by themselves: the front end is asked directly, without the proxy.
        shift
        front=api-1
        bench_tracker --silos 1 --apis 1
        bench_pin "$(bench_process "$BENCH_DATA" silo-1 pid)" "$(bench_process "$BENCH_DATA" api-1 pid)"
        BENCH_PORT=$(bench_process "$BENCH_DATA" api-1 url | sed 's/.*://')
    else
        bench_tracker
        bench_pin "$(bench_process "$BENCH_DATA" node-1 pid)"
    fi
    taskset -c 1 dotnet "$BENCH_DLL" overload --port "$BENCH_PORT" --pid "$(bench_process "$BENCH_DATA" $front pid)" --metrics "$(bench_process "$BENCH_DATA" $front metrics)" "$@"
}

bench_cluster() {
    local other nodes
    bench_tracker --silos 3
    # The same proxy once more, choosing at random.
    other=$(free_port)
    mkdir -p "$BENCH_DATA/random"
    cp "$ROOT/deploy/route.js" "$BENCH_DATA/random/"
    sed -e "s|$BENCH_DATA/proxy|$BENCH_DATA/random|g" -e 's/hash $route consistent;/random;/' -e "s/:$BENCH_PORT;/:$other;/" \
        "$BENCH_DATA/proxy/nginx.conf" >"$BENCH_DATA/random/nginx.conf"
    DATA=$BENCH_DATA launch proxy-random "$(PATH="$PATH:/usr/sbin" command -v nginx)" -p "$BENCH_DATA/random" -e stderr -c "$BENCH_DATA/random/nginx.conf"
    nodes=$(bench_process "$BENCH_DATA" silo-1 metrics),$(bench_process "$BENCH_DATA" silo-2 metrics),$(bench_process "$BENCH_DATA" silo-3 metrics)
    sleep 1
    dotnet "$BENCH_DLL" locality --hashing "$BENCH_PORT" --random "$other" --nodes "$nodes" "$@"
}
