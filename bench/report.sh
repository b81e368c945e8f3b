# Receipts: verification alone, and reports end to end on a tracker of its own.
# ./pbts bench verify [--receipts 50] [--seconds 4]
# ./pbts bench transfer [--quick] [--json FILE]
# ./pbts bench report [--receipts 50] [--receivers 5] [--reports 300] [--parallel 4]

bench_program() {
    need_dotnet
    step "Building the benchmarks (Release)"
    dotnet build "$ROOT/bench/Pbts.Bench.csproj" "${BUILD_FLAGS[@]}" </dev/null || die "the build failed, see above"
    BENCH_DLL=$ROOT/bench/bin/Release/net10.0/Pbts.Bench.dll
}

bench_verify() {
    bench_program
    dotnet "$BENCH_DLL" verify "$@"
}

bench_report() {
    bench_program
    bench_tracker
    dotnet "$BENCH_DLL" report --url "$TRACKER" "$@"
}

bench_transfer() {
    local options=()
    while [ $# -gt 0 ]; do
        case $1 in
            --quick) options+=(--quick yes); shift ;;
            --json) [ $# -ge 2 ] || die "--json needs a file"; options+=(--json "$2"); shift 2 ;;
            *) die "unknown option $1 (./pbts bench transfer [--quick] [--json FILE])" ;;
        esac
    done
    bench_program
    bench_tracker
    dotnet "$BENCH_DLL" transfer --url "$TRACKER" --cli "$(dirname "$BENCH_DLL")/Pbts.Cli.dll" "${options[@]}"
}

# A tracker of its own, gone when the script ends; sets TRACKER.
bench_tracker() {
    local port
    BENCH_DATA=$(mktemp -d)
    port=$(free_port)
    trap '"$ROOT/pbts" down --data "$BENCH_DATA/data" >/dev/null 2>&1; rm -rf "$BENCH_DATA"' EXIT
    chmod 755 "$BENCH_DATA"
    step "Starting a tracker"
    "$ROOT/pbts" up --no-chain --detach --data "$BENCH_DATA/data" --port "$port" >"$BENCH_DATA/up.log" 2>&1 || { tail -5 "$BENCH_DATA/up.log" >&2; die "the tracker did not start"; }
    TRACKER=http://127.0.0.1:$port
}
