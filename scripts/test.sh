# Runs every test: .NET against the real PostgreSQL, chain and clients, and the contracts' own.

cmd_test() {
    local filter= slow= all=1 results status=0
    while [ $# -gt 0 ]; do
        case $1 in
            --filter) [ $# -ge 2 ] || die "--filter needs an expression"; filter=$2; shift 2 ;;
            --filter=*) filter=${1#*=}; shift ;;
            --slow) slow=1; shift ;;
            --help | -h) usage; return 0 ;;
            *) die "unknown option $1 (./pbts test [--slow] [--filter EXPRESSION])" ;;
        esac
    done
    [ -n "$filter" ] && all=
    # Chaos and what one stranger can do are commands of their own; a filter of one's own may ask for slow tests by name.
    [ -n "$slow$filter" ] && filter="${filter:+($filter)&}Category!=Chaos&Category!=Load" || filter="Category!=Chaos&Category!=Load&suite!=slow"
    PASSED=0 FAILED=0
    need_dotnet
    need_postgres
    need_programs aria2c:aria2 transmission-daemon:transmission-daemon transmission-remote:transmission-cli \
        qbittorrent-nox:qbittorrent-nox chromium:chromium ip:iproute2 pdflatex:texlive-latex-base curl:curl setpriv:util-linux faketime:faketime
    need_libtorrent
    need_nginx
    [ -f "$ROOT/solidity/package.json" ] && need_foundry
    need_auditor

    results=$(mktemp -d)
    step "Building everything (Release)"
    if dotnet build "$ROOT/Pbts.sln" "${BUILD_FLAGS[@]}" </dev/null; then
        dotnet_tests protocol "$results" "$filter"
        # Machines without AVX-512 verify signatures in another way: both are tested everywhere.
        DOTNET_EnableAVX512=0 dotnet_tests protocol "$results/without-avx512" "($filter)&FullyQualifiedName~.Bls."
        dotnet_tests tracker "$results" "$filter"
    else
        say "The build failed: counted as one failed test."
        FAILED=$((FAILED + 1))
    fi
    if [ -n "$all" ] && [ -f "$ROOT/solidity/foundry.toml" ]; then solidity_tests "$results"; fi
    rm -rf "$results"
    if [ $((PASSED + FAILED)) = 0 ]; then say "No test ran."; status=1; fi
    [ "$FAILED" = 0 ] || status=1
    say "$PASSED passed, $FAILED failed"
    exit $status
}

# dotnet_tests PROJECT RESULTS FILTER: a test that did not run and a test host that died count as failures.
dotnet_tests() {
    local project=$1 results=$2 filter=$3 trx=$2/$1.trx total=0 passed=0 code
    mkdir -p "$results"
    step "Testing tests/$project"
    dotnet test "$ROOT/tests/$project" -c Release --no-build --nologo --results-directory "$results" \
        --logger "trx;LogFileName=$project.trx" --logger "console;verbosity=minimal" \
        --blame-hang-timeout 12m --blame-hang-dump-type none --filter "$filter" </dev/null
    code=$?
    if [ -f "$trx" ]; then
        total=$(counter "$trx" total)
        passed=$(counter "$trx" passed)
    fi
    PASSED=$((PASSED + passed))
    FAILED=$((FAILED + total - passed))
    if [ "$code" != 0 ] && [ "$total" = "$passed" ]; then
        say "tests/$project: the test run itself failed (exit code $code), counted as one failed test"
        FAILED=$((FAILED + 1))
    fi
}

# counter TRX NAME: an attribute of the results file's <Counters>.
counter() {
    local value
    value=$(grep -o '<Counters [^>]*' "$1" | grep -o " $2=\"[0-9]*\"" | tr -dc 0-9)
    echo "${value:-0}"
}

solidity_tests() {
    local json=$1/forge.json counts
    step "Testing solidity"
    (cd "$ROOT/solidity" && "$(foundry_program forge)" test --json </dev/null) >"$json" 2>"$1/forge.log"
    counts=$(node -e '
        const suites = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8").split("\n").filter(l => l.startsWith("{")).pop());
        let passed = 0, failed = 0;
        for (const [suite, { test_results }] of Object.entries(suites))
            for (const [name, r] of Object.entries(test_results))
                if (r.status === "Success") passed++;
                else { failed++; console.error(`failed: ${suite} ${name}: ${r.reason ?? r.status}`); }
        console.log(passed, failed);' "$json")
    if [ -z "$counts" ]; then
        tail -30 "$1/forge.log" "$json"
        say "forge ended without results, counted as one failed test"
        counts="0 1"
    fi
    say "solidity: ${counts% *} passed, ${counts#* } failed"
    PASSED=$((PASSED + ${counts% *}))
    FAILED=$((FAILED + ${counts#* }))
}

# Kills silos and restarts the database under load for a while and counts what went wrong; its figures are printed.
cmd_chaos() {
    local minutes=3 json=
    while [ $# -gt 0 ]; do
        case $1 in
            --minutes) [ $# -ge 2 ] || die "--minutes needs a number"; minutes=$(number --minutes "$2" 3 10000) || exit 1; shift 2 ;;
            --json) [ $# -ge 2 ] || die "--json needs a file"; json=$(readlink -m "$2"); shift 2 ;;
            *) die "unknown option $1 (./pbts chaos [--minutes 3] [--json FILE])" ;;
        esac
    done
    need_dotnet
    need_postgres
    need_nginx
    step "Building the tests (Release)"
    dotnet build "$ROOT/tests/tracker" "${BUILD_FLAGS[@]}" </dev/null || die "the build failed"
    step "Chaos for $minutes minutes"
    PBTS_CHAOS_MINUTES=$minutes PBTS_CHAOS_JSON=$json exec dotnet test "$ROOT/tests/tracker" -c Release --no-build --nologo --filter Category=Chaos \
        --logger "console;verbosity=detailed" </dev/null
}

# What one address can do to the others at its worst, each way by itself; its figures are printed.
bench_stranger() {
    [ $# = 0 ] || die "./pbts bench stranger takes no options"
    need_dotnet
    need_postgres
    step "Building the tests (Release)"
    dotnet build "$ROOT/tests/tracker" "${BUILD_FLAGS[@]}" </dev/null || die "the build failed"
    exec dotnet test "$ROOT/tests/tracker" -c Release --no-build --nologo --filter Category=Load --logger "console;verbosity=detailed" </dev/null
}
