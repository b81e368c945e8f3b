# Announces a second, beside opentracker in the same run, both on one core: over HTTP (./pbts bench announce) or UDP
# (./pbts bench udp); and of a front end and a silo on two cores beside a node that is both (./pbts bench split).

BENCH_USAGE="./pbts bench announce|udp|split [--runs 3] [--seconds 8] [--connections 64] [--torrents 1000] [--peers 100] [--opentracker PROGRAM] [--json FILE]"

bench_announce() {
    bench_options "$@"
    need_programs wrk:wrk
    bench_start 1
    bench_opentracker

    step "Warming up"
    bench_wrk "$node_port" 5 0 >/dev/null
    bench_wrk "$node_port" 5 0 "$BENCH_DIR/keys" >/dev/null
    bench_wrk "$node_port" 3 1 >/dev/null
    bench_wrk "$opentracker_port" 2 1 >/dev/null
    for run in $(seq "$runs"); do
        step "Run $run of $runs"
        bench_run pbts passkey "$node" bench_wrk "$node_port" "$seconds" 0 "$BENCH_DIR/keys"
        bench_run pbts keep-alive "$node" bench_wrk "$node_port" "$seconds" 0
        [ -z "$own_opentracker" ] || bench_run opentracker keep-alive "$opentracker" bench_wrk "$opentracker_port" "$seconds" 0
        bench_run pbts close "$node" bench_wrk "$node_port" "$seconds" 1
        bench_run opentracker close "$opentracker" bench_wrk "$opentracker_port" "$seconds" 1
    done
    bench_table "pbts passkey" "pbts keep-alive" ${own_opentracker:+"opentracker keep-alive"} "pbts close" "opentracker close"
    bench_ratio "a new connection each" "pbts close" "opentracker close"
    if [ -n "$own_opentracker" ]; then
        bench_ratio "keep-alive, passkey checked" "pbts passkey" "opentracker keep-alive"
    else
        echo "Debian's opentracker has no keep-alive; --opentracker takes one built with -DWANT_KEEPALIVE"
    fi
    bench_keep announce
}

bench_udp() {
    bench_options "$@"
    bench_start 1
    bench_opentracker

    step "Warming up"
    bench_udp_load "$node_port" 8 "$BENCH_DIR/keys" >/dev/null
    bench_udp_load "$opentracker_port" 2 >/dev/null
    for run in $(seq "$runs"); do
        step "Run $run of $runs"
        bench_run pbts udp-passkey "$node" bench_udp_load "$node_port" "$seconds" "$BENCH_DIR/keys"
        bench_run pbts udp "$node" bench_udp_load "$node_port" "$seconds"
        bench_run opentracker udp "$opentracker" bench_udp_load "$opentracker_port" "$seconds"
    done
    bench_table "pbts udp-passkey" "pbts udp" "opentracker udp"
    bench_ratio "UDP, passkey checked" "pbts udp-passkey" "opentracker udp"
    bench_keep udp
}

bench_split() {
    local pids
    bench_options "$@"
    need_programs wrk:wrk
    bench_start "$(nproc)"
    step "Starting a front end and a silo of their own"
    "$ROOT/pbts" up --no-chain --detach --silos 1 --apis 1 --data "$BENCH_DIR/split" --port "$(free_port)" >"$BENCH_DIR/up.log" 2>&1 ||
        { tail -5 "$BENCH_DIR/up.log" >&2; die "the tracker did not start"; }
    pids="$(bench_process "$BENCH_DIR/split" api-1 pid) $(bench_process "$BENCH_DIR/split" silo-1 pid)"
    split_port=$(bench_process "$BENCH_DIR/split" api-1 url | sed 's/.*://')
    cores=0,1
    for pid in $pids $node; do taskset -a -cp 0,1 "$pid" >/dev/null; done

    step "Warming up"
    bench_wrk "$node_port" 8 0 >/dev/null
    bench_wrk "$split_port" 8 0 >/dev/null
    for run in $(seq "$runs"); do
        step "Run $run of $runs"
        bench_run all-in-one keep-alive "$node" bench_wrk "$node_port" "$seconds" 0
        bench_run split keep-alive "$pids" bench_wrk "$split_port" "$seconds" 0
    done
    bench_table "all-in-one keep-alive" "split keep-alive"
    bench_ratio "two cores, which the load shares" "split keep-alive" "all-in-one keep-alive"
    bench_keep split
}

bench_options() {
    runs=3 seconds=8 connections=64 torrents=1000 peers=100 own_opentracker='' json='' cores=1
    while [ $# -gt 0 ]; do
        [ $# -ge 2 ] || die "$1 needs a value ($BENCH_USAGE)"
        case $1 in
            --runs) runs=$2 ;;
            --seconds) seconds=$2 ;;
            --connections) connections=$2 ;;
            --torrents) torrents=$2 ;;
            --peers) peers=$2 ;;
            --opentracker) own_opentracker=$(command -v "$2") || die "--opentracker: $2 is no program" ;;
            --json) json=$2 ;;
            *) die "unknown option $1 ($BENCH_USAGE)" ;;
        esac
        shift 2
    done
}

# bench_start PROCESSORS: a node on core 0 that counts so many processors, with members; sets node, node_port and BENCH_DIR.
bench_start() {
    bench_program
    need_programs taskset:util-linux
    [ "$(nproc)" -ge 2 ] || die "the server and the load need a core each; this machine has $(nproc)"
    BENCH_DIR=$(mktemp -d)
    BENCH_PIDS=
    trap 'bench_stop' EXIT
    chmod 755 "$BENCH_DIR"
    node_port=$(free_port)
    step "Starting the tracker"
    DOTNET_PROCESSOR_COUNT=$1 "$ROOT/pbts" up --no-chain --detach --data "$BENCH_DIR/data" --port "$node_port" >"$BENCH_DIR/up.log" 2>&1 ||
        { tail -5 "$BENCH_DIR/up.log" >&2; die "the tracker did not start"; }
    node=$(bench_process "$BENCH_DIR/data" node-1 pid)
    for torrent in $(seq "$torrents"); do printf '%s' "$torrent" | sha1sum | cut -c1-40; done >"$BENCH_DIR/hashes"
    dotnet "$BENCH_DLL" members --url "http://127.0.0.1:$node_port" --count 100 >"$BENCH_DIR/keys" || die "no members could be registered"
    taskset -a -cp 0 "$node" >/dev/null
    : >"$BENCH_DIR/results"
}

# opentracker on core 0 too; sets opentracker and opentracker_port.
bench_opentracker() {
    local program=$own_opentracker
    [ -n "$program" ] || { need_programs opentracker:opentracker; program=opentracker; }
    opentracker_port=$(free_port)
    # One built without access lists knows no -w: it takes every torrent.
    bench_start_opentracker "$program" -w /hashes || bench_start_opentracker "$program" ||
        die "opentracker did not start: $(tail -3 "$BENCH_DIR/opentracker.log")"
    taskset -a -cp 0 "$opentracker" >/dev/null
}

# bench_start_opentracker PROGRAM [OPTION…]
bench_start_opentracker() {
    (cd "$BENCH_DIR" && exec "$1" -i 127.0.0.1 -p "$opentracker_port" -P "$opentracker_port" -d "$BENCH_DIR" -u nobody "${@:2}" >"$BENCH_DIR/opentracker.log" 2>&1) &
    opentracker=$!
    BENCH_PIDS=$opentracker
    sleep 1
    kill -0 "$opentracker" 2>/dev/null
}

# bench_process DATA NAME FIELD: pid, url or metrics of a process of a tracker.
bench_process() {
    "$ROOT/pbts" status --data "$1" --json |
        node -e 'const [name, field] = process.argv.slice(1); console.log(JSON.parse(require("fs").readFileSync(0)).processes.find(p => p.name === name)[field])' "$2" "$3"
}

# bench_keep BENCHMARK: every run into the history, and into the file that was asked for.
bench_keep() {
    local file
    for file in "$PBTS_BENCH_HISTORY" ${json:+"$json"}; do
        awk -v benchmark="$1" -v at="$(date -u +%FT%TZ)" '{printf "{\"benchmark\":\"%s\",\"at\":\"%s\",\"tracker\":\"%s\",\"connections\":\"%s\",\"requests_per_second\":%s,\"p50_ms\":%s,\"p99_ms\":%s,\"errors\":%s,\"cpu_us_per_request\":%s,\"rss_mib\":%s,\"disturbed\":%s}\n", benchmark,at,$1,$2,$3,$4,$5,$6,$7,$8,$9}' "$BENCH_DIR/results" >>"$file"
    done
    say "Every run is kept in $PBTS_BENCH_HISTORY${json:+ and $json}"
}

# bench_wrk PORT SECONDS CLOSE [KEYS]
bench_wrk() {
    taskset -c "$cores" wrk -t1 -c"$connections" -d"${2}s" --timeout 5s --latency -s "$ROOT/bench/announce.lua" "http://127.0.0.1:$1" -- \
        hashes="$BENCH_DIR/hashes" peers="$peers" close="$3" ${4:+keys="$4"} | grep RESULT
}

# bench_udp_load PORT SECONDS [KEYS]
bench_udp_load() {
    taskset -c 1 dotnet "$BENCH_DLL" udp --port "$1" --seconds "$2" --hashes "$BENCH_DIR/hashes" --peers "$peers" \
        --sockets 16 --window $(((connections + 15) / 16)) ${3:+--keys "$3"} | grep RESULT
}

# CPU time, in clock ticks, of processes; and of the whole machine.
bench_ticks() { local pid; for pid in "$@"; do cat "/proc/$pid/stat"; done | awk '{sum += $14 + $15} END {print sum}'; }
bench_busy() { awk '/^cpu /{print $2 + $3 + $4 + $7 + $8 + $9}' /proc/stat; }

# bench_run NAME KIND PIDS LOAD…: one line: name kind req/s p50 p99 errors cpu-us/request rss-MiB disturbed. Disturbed: the
# seconds of CPU that neither the tracker nor the load took, but others.
bench_run() {
    local name=$1 kind=$2 pids=$3 before after busy result load rss
    local TIMEFORMAT='%U %S'
    # shellcheck disable=SC2086
    before=$(bench_ticks $pids) busy=$(bench_busy)
    { time result=$("${@:4}"); } 2>"$BENCH_DIR/time" || die "$name answered nothing"
    # shellcheck disable=SC2086
    after=$(bench_ticks $pids) busy=$(($(bench_busy) - busy))
    load=$(tail -1 "$BENCH_DIR/time")
    # shellcheck disable=SC2086
    rss=$(for pid in $pids; do cat "/proc/$pid/status"; done | awk '/VmRSS/{sum += $2} END {print int(sum / 1024)}')
    [ -n "$result" ] || die "$name answered nothing"
    awk -v name="$name" -v kind="$kind" -v result="$result" -v ticks=$((after - before)) -v busy="$busy" -v load="$load" -v hz="$(getconf CLK_TCK)" -v rss="$rss" \
        'BEGIN { split(result, r, " "); split(load, l, " "); other = (busy - ticks) / hz - l[1] - l[2]
            printf "%s %s %s %s %s %s %.1f %s %.1f\n", name, kind, r[3], r[4], r[5], r[6], ticks / hz * 1e6 / r[2], rss, other < 0 ? 0 : other }' | tee -a "$BENCH_DIR/results"
}

# bench_table "NAME KIND"…: medians, and a bar for the announces a second.
bench_table() {
    local pair best column
    best=$(for pair in "$@"; do bench_median "$pair" 3; done | sort -n | tail -1)
    echo
    printf '%-12s %-11s %12s %9s %9s %8s %12s %8s %10s\n' tracker connections 'announces/s' 'p50 ms' 'p99 ms' errors 'CPU us/req' 'RSS MiB' 'others s'
    for pair in "$@"; do
        # shellcheck disable=SC2086
        printf '%-12s %-11s %12s %9s %9s %8s %12s %8s %10s  ' $pair $(for column in 3 4 5 6 7 8 9; do bench_median "$pair" $column; done)
        printf '%*s\n' $(($(bench_median "$pair" 3) * 40 / best)) '' | tr ' ' '#'
    done
    echo
    awk '$9 > 1.5 {bad++} END {if (bad) printf "%d of %d runs were disturbed (others took more than 1.5 s of CPU): measure again on a quiet machine\n", bad, NR}' "$BENCH_DIR/results"
}

# bench_ratio WHAT "OURS KIND" "THEIRS KIND"
bench_ratio() {
    awk -v what="$1" -v ours="$(bench_median "$2" 3)" -v theirs="$(bench_median "$3" 3)" -v names="$2 / $3" \
        'BEGIN { printf "%s: %.2f (medians of %s)\n", what, ours / theirs, names }'
}

# bench_median "NAME KIND" COLUMN
bench_median() {
    grep "^$1 " "$BENCH_DIR/results" | awk -v column="$2" '{print $column}' | sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

bench_stop() {
    # shellcheck disable=SC2086
    [ -n "$BENCH_PIDS" ] && kill $BENCH_PIDS 2>/dev/null
    local data
    for data in data split; do [ ! -d "$BENCH_DIR/$data" ] || "$ROOT/pbts" down --data "$BENCH_DIR/$data" >/dev/null 2>&1; done
    rm -rf "$BENCH_DIR"
}
