# Receipts: verification alone, and reports end to end on a tracker of its own.
# ./pbts bench verify [--receipts 50] [--seconds 4]
# ./pbts bench report [--receipts 50] [--receivers 5] [--reports 300] [--parallel 4] [--rounds 3]
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

bench_inner() {
    bench_program
    dotnet "$BENCH_DLL" inner "$@"
}
