# Receipts: verification alone, and reports end to end on a tracker of its own.
# ./pbts bench verify [--receipts 50] [--seconds 4]
# ./pbts bench report [--receipts 50] [--receivers 5] [--reports 300] [--parallel 4] [--rounds 3]
# ./pbts bench vouchers [--vouchers 50] [--receivers 5] [--reports 200] [--parallel 4] [--rounds 3] [--sessions 1000000]
# ./pbts bench transfer [--quick]: what receipts add to the time of a transfer
# ./pbts bench inner: the inner loops of announces, bencode and BLS, in nanoseconds
# All take --json FILE.

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
    bench_tracker
    dotnet "$BENCH_DLL" report --url "http://127.0.0.1:$BENCH_PORT" "$@"
}

bench_vouchers() {
    # The receivers come to owe more than members may at first.
    export MIN_RATIO=0
    bench_tracker
    DATA=$BENCH_DATA
    postgres_home
    postgres_socket
    dotnet "$BENCH_DLL" vouchers --url "http://127.0.0.1:$BENCH_PORT" --database "$DATABASE" "$@"
}

bench_inner() {
    bench_program
    dotnet "$BENCH_DLL" inner "$@"
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
    # The two peers owe each other more than members may at first.
    export MIN_RATIO=0
    bench_tracker
    dotnet "$BENCH_DLL" transfer --url "http://127.0.0.1:$BENCH_PORT" --cli "$(dirname "$BENCH_DLL")/Pbts.Cli.dll" "${options[@]}"
}
