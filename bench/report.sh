# Receipts: verification alone, and reports end to end on a tracker of its own.
# ./pbts bench verify [--receipts 50] [--seconds 4]
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
    local port data status
    bench_program
    data=$(mktemp -d)
    port=$(free_port)
    trap '"$ROOT/pbts" down --data "'"$data"'/data" >/dev/null 2>&1; rm -rf "'"$data"'"' EXIT
    chmod 755 "$data"
    step "Starting a tracker"
    "$ROOT/pbts" up --no-chain --detach --data "$data/data" --port "$port" >"$data/up.log" 2>&1 || { tail -5 "$data/up.log" >&2; die "the tracker did not start"; }
    dotnet "$BENCH_DLL" report --url "http://127.0.0.1:$port" "$@"
    status=$?
    return $status
}
