# Announces a second of one all-in-one node on one core, beside Debian's opentracker in the same run: over HTTP
# (./pbts bench announce) or UDP (./pbts bench udp).

BENCH_USAGE="./pbts bench announce|udp [--runs 3] [--seconds 8] [--connections 64] [--torrents 1000] [--peers 100] [--json FILE]"

bench_announce() {
    bench_options "$@"
    need_programs wrk:wrk
    bench_start

    step "Warming up"
    bench_wrk "$node_port" 5 0 >/dev/null
    bench_wrk "$node_port" 3 1 >/dev/null
    bench_wrk "$opentracker_port" 2 1 >/dev/null
    for run in $(seq "$runs"); do
        step "Run $run of $runs"
        bench_run pbts keep-alive "$node" bench_wrk "$node_port" "$seconds" 0
        bench_run pbts close "$node" bench_wrk "$node_port" "$seconds" 1
        bench_run opentracker close "$opentracker" bench_wrk "$opentracker_port" "$seconds" 1
    done
    bench_table "pbts keep-alive" "pbts close" "opentracker close"
    awk -v keep="$(bench_median "pbts keep-alive" 3)" -v close_="$(bench_median "pbts close" 3)" -v other="$(bench_median "opentracker close" 3)" \
        'BEGIN { printf "\nmedians; a new connection each: %.2f x opentracker; keep-alive beside it (Debian'"'"'s opentracker has none): %.2f x\n", close_ / other, keep / other }'
    bench_json
}

bench_udp() {
    bench_options "$@"
    bench_program
    bench_start

    step "Warming up"
    bench_udp_load "$node_port" 8 >/dev/null
    bench_udp_load "$opentracker_port" 2 >/dev/null
    for run in $(seq "$runs"); do
        step "Run $run of $runs"
        bench_run pbts udp "$node" bench_udp_load "$node_port" "$seconds"
        bench_run opentracker udp "$opentracker" bench_udp_load "$opentracker_port" "$seconds"
    done
    bench_table "pbts udp" "opentracker udp"
    awk -v ours="$(bench_median "pbts udp" 3)" -v other="$(bench_median "opentracker udp" 3)" 'BEGIN { printf "\nmedians; %.2f x opentracker\n", ours / other }'
    bench_json
}

bench_options() {
    runs=3 seconds=8 connections=64 torrents=1000 peers=100 json=
    while [ $# -gt 0 ]; do
        [ $# -ge 2 ] || die "$1 needs a value ($BENCH_USAGE)"
        case $1 in
            --runs) runs=$2 ;;
            --seconds) seconds=$2 ;;
            --connections) connections=$2 ;;
            --torrents) torrents=$2 ;;
            --peers) peers=$2 ;;
            --json) json=$2 ;;
            *) die "unknown option $1 ($BENCH_USAGE)" ;;
        esac
        shift 2
    done
}

# Both trackers on core 0, filled with nothing; sets node, node_port, opentracker and opentracker_port.
bench_start() {
    need_programs opentracker:opentracker taskset:util-linux
    [ "$(nproc)" -ge 2 ] || die "the server and the load need a core each; this machine has $(nproc)"

    BENCH_DIR=$(mktemp -d)
    BENCH_PIDS=
    trap 'bench_stop' EXIT
    chmod 755 "$BENCH_DIR"
    node_port=$(free_port)
    opentracker_port=$(free_port)

    step "Starting the tracker and opentracker, each on core 0; the load comes from core 1"
    "$ROOT/pbts" up --no-chain --detach --data "$BENCH_DIR/data" --port "$node_port" >"$BENCH_DIR/up.log" 2>&1 ||
        { tail -5 "$BENCH_DIR/up.log" >&2; die "the tracker did not start"; }
    node=$("$ROOT/pbts" status --data "$BENCH_DIR/data" --json |
        node -e 'console.log(JSON.parse(require("fs").readFileSync(0)).processes.find(p => p.name.startsWith("node")).pid)')
    for torrent in $(seq "$torrents"); do printf '%s' "$torrent" | sha1sum | cut -c1-40; done >"$BENCH_DIR/hashes"
    (cd "$BENCH_DIR" && exec opentracker -i 127.0.0.1 -p "$opentracker_port" -P "$opentracker_port" -d "$BENCH_DIR" -u nobody -w /hashes >"$BENCH_DIR/opentracker.log" 2>&1) &
    opentracker=$!
    BENCH_PIDS=$opentracker
    sleep 1
    kill -0 "$opentracker" 2>/dev/null || die "opentracker did not start: $(tail -3 "$BENCH_DIR/opentracker.log")"
    taskset -a -cp 0 "$node" >/dev/null
    taskset -a -cp 0 "$opentracker" >/dev/null
    : >"$BENCH_DIR/results"
}

bench_json() {
    [ -n "$json" ] || return 0
    awk '{printf "{\"tracker\":\"%s\",\"connections\":\"%s\",\"requests_per_second\":%s,\"p50_ms\":%s,\"p99_ms\":%s,\"errors\":%s,\"cpu_us_per_request\":%s,\"rss_mib\":%s}\n", $1,$2,$3,$4,$5,$6,$7,$8}' "$BENCH_DIR/results" >>"$json"
    say "Every run is appended to $json"
}

# bench_wrk PORT SECONDS CLOSE
bench_wrk() {
    taskset -c 1 wrk -t1 -c"$connections" -d"${2}s" --timeout 5s --latency -s "$ROOT/bench/announce.lua" "http://127.0.0.1:$1" -- \
        hashes="$BENCH_DIR/hashes" peers="$peers" close="$3" | grep RESULT
}

# bench_udp_load PORT SECONDS
bench_udp_load() {
    taskset -c 1 dotnet "$BENCH_DLL" udp --port "$1" --seconds "$2" --hashes "$BENCH_DIR/hashes" --peers "$peers" \
        --sockets 16 --window $(((connections + 15) / 16)) | grep RESULT
}

# bench_run NAME KIND PID LOAD…: one line: name kind req/s p50 p99 errors cpu-us/request rss-MiB
bench_run() {
    local name=$1 kind=$2 pid=$3 before after result
    before=$(awk '{print $14 + $15}' "/proc/$pid/stat")
    result=$("${@:4}") || die "$name answered nothing"
    after=$(awk '{print $14 + $15}' "/proc/$pid/stat")
    awk -v name="$name" -v kind="$kind" -v result="$result" -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" -v rss="$(awk '/VmRSS/{print int($2 / 1024)}' "/proc/$pid/status")" \
        'BEGIN { split(result, r, " "); printf "%s %s %s %s %s %s %.1f %s\n", name, kind, r[3], r[4], r[5], r[6], ticks / hz * 1e6 / r[2], rss }' | tee -a "$BENCH_DIR/results"
}

# bench_table "NAME KIND"…
bench_table() {
    local pair
    echo
    printf '%-12s %-11s %12s %9s %9s %8s %12s %8s\n' tracker connections 'announces/s' 'p50 ms' 'p99 ms' errors 'CPU us/req' 'RSS MiB'
    for pair in "$@"; do
        # shellcheck disable=SC2086
        printf '%-12s %-11s %12s %9s %9s %8s %12s %8s\n' $pair $(for column in 3 4 5 6 7 8; do bench_median "$pair" $column; done)
    done
}

# bench_median "NAME KIND" COLUMN
bench_median() {
    grep "^$1 " "$BENCH_DIR/results" | awk -v column="$2" '{print $column}' | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

bench_stop() {
    # shellcheck disable=SC2086
    [ -n "$BENCH_PIDS" ] && kill $BENCH_PIDS 2>/dev/null
    "$ROOT/pbts" down --data "$BENCH_DIR/data" >/dev/null 2>&1
    rm -rf "$BENCH_DIR"
}
