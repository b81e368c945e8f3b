# ./pbts experiments [--iterations 1000] [--duration 60] [--output DIR] [--only NAME,…] [--quick] [--tracker-url URL]
# Starts a tracker and a chain of its own for as long as it measures.

cmd_experiments() {
    local word given='' quick='' only='' found=() load output='' want=()
    load=$(cut -d' ' -f1 /proc/loadavg 2>/dev/null)
    need_dotnet
    experiments_program
    want=("$@")
    while [ $# -gt 0 ]; do
        case $1 in
            --help | -h | '-?') exec dotnet "$EXPERIMENTS_DLL" --help ;;
            --tracker-url | --tracker-url=*) given=1 ;;
            --quick) quick=1 ;;
            --only) only=${2:-} ;;
            --only=*) only=${1#*=} ;;
        esac
        shift
    done
    # Wrong options end it here, before anything is started.
    dotnet "$EXPERIMENTS_DLL" "${want[@]}" --check || return
    EXPERIMENTS_DIR=$(mktemp -d)
    chmod 755 "$EXPERIMENTS_DIR"
    trap 'experiments_stop' EXIT
    trap 'exit 130' INT TERM HUP
    case ",$only," in
        ,, | *,download,*) experiments_transfers ;;
        *) found+=(--no-transfers "download was not asked for") ;;
    esac
    if [ -n "$given" ]; then
        found+=(--no-chain "the tracker is not ours (--tracker-url), nor is its chain")
    else
        case ",$only," in
            ,, | *,latency,* | *,overhead,* | *,scalability,* | *,gas,*) experiments_tracker ;;
        esac
    fi
    dotnet "$EXPERIMENTS_DLL" "${want[@]}" "${found[@]}" ${load:+--load "$load"}
}

experiments_program() {
    EXPERIMENTS_DLL=$ROOT/experiments/bin/Release/net10.0/Pbts.Experiments.dll
    build_once experiments experiments bench/Load tests/vectors
    # Plots have text, which needs a font.
    [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name '*.ttf' -print -quit 2>/dev/null)" ] || apt_install fonts-dejavu-core
}

# A tracker without limits for one caller, with a chain where Node.js is; adds to found.
experiments_tracker() {
    local data=$EXPERIMENTS_DIR/data chain=--no-chain port
    # What the user runs otherwise is not touched: neither a database nor a chain of theirs.
    unset PBTS_DATABASE PBTS_ADMIN_TOKEN RPC PK0 FACTORY REPUTATION_ADDRESS
    export MIN_RATIO=0 Receipts__ReportRate=0 Receipts__VerificationRate=0 Tracker__AnnounceRate=0 Tracker__PeersPerAddress=0 Tracker__NewSwarmRate=0 Tracker__ConnectionsPerAddress=0 Tracker__ScrapeRate=0 Limits__RequestRate=0 Limits__PasskeyRate=0
    if [ -z "${TEE_MODE:-}" ] && { [ -n "${DSTACK_SIMULATOR_ENDPOINT:-}" ] || [ -S /var/run/dstack.sock ]; }; then export TEE_MODE=enabled; fi
    # Attested registrations are measured also where nobody has Intel's collateral.
    export Tee__AcceptedTcb=${Tee__AcceptedTcb:-UpToDate,Unknown}
    if (need_foundry) >"$EXPERIMENTS_DIR/foundry.log" 2>&1; then chain=; else
        found+=(--no-chain "no chain: $(tail -1 "$EXPERIMENTS_DIR/foundry.log" | sed 's/^pbts: //')")
    fi
    port=$(free_port)
    step "Starting a tracker"
    if ! "$ROOT/pbts" up --detach --data "$data" --port "$port" $chain >"$EXPERIMENTS_DIR/up.log" 2>&1; then
        tail -5 "$EXPERIMENTS_DIR/up.log" >&2
        found+=(--no-tracker "the tracker did not start: $(grep '^pbts: ' "$EXPERIMENTS_DIR/up.log" | tail -1)")
        return
    fi
    found+=(--tracker-url "http://127.0.0.1:$port")
    [ -n "$chain" ] || found+=(--chain "http://127.0.0.1:$(DATA=$data setting chain_port)")
}

# Real transfers with and without receipts, where this version can measure them; adds to found.
experiments_transfers() {
    local file=$EXPERIMENTS_DIR/transfer.json
    if ! grep -q '^bench_transfer()' "$ROOT"/bench/*.sh; then
        found+=(--no-transfers "this version has no ./pbts bench transfer")
        return
    fi
    if [ -n "$quick" ]; then
        found+=(--no-transfers "--quick leaves them out, they take minutes: ./pbts bench transfer --quick")
        return
    fi
    step "Measuring real transfers (./pbts bench transfer --quick)"
    if "$ROOT/pbts" bench transfer --quick --json "$file" >"$EXPERIMENTS_DIR/transfer.log" 2>&1 </dev/null && [ -s "$file" ]; then
        found+=(--transfers "$file")
    else
        found+=(--no-transfers "./pbts bench transfer did not work: $(tail -1 "$EXPERIMENTS_DIR/transfer.log")")
    fi
}

experiments_stop() {
    [ ! -d "$EXPERIMENTS_DIR/data" ] || "$ROOT/pbts" down --data "$EXPERIMENTS_DIR/data" >/dev/null 2>&1
    rm -rf "$EXPERIMENTS_DIR"
}
