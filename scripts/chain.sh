# A local Ethereum chain for development: anvil, on loopback, its state kept in DATA/chain.

# The key of anvil's first development account. It is printed by every anvil and worth nothing elsewhere;
# a real network's key comes from the operator's environment (RPC, PK0, FACTORY).
ANVIL_KEY=0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80

# What the tracker's processes need to know of the chain that was started here.
CHAIN_ENVIRONMENT=()

start_chain() {
    need_foundry
    mkdir -p "$DATA/chain"
    if ! pid_of chain >/dev/null; then
        # The tracker's processes look for it there.
        CHAIN_PORT=$(kept_port chain_port)
        step "Starting the local chain (anvil, http://127.0.0.1:$CHAIN_PORT)"
        launch chain "$(foundry_program anvil)" --host 127.0.0.1 --port "$CHAIN_PORT" --quiet \
            --state "$DATA/chain/state.json" --state-interval 2
        wait_ready chain 60
    fi
    CHAIN_PORT=$(setting chain_port)
    local rpc=http://127.0.0.1:$CHAIN_PORT
    deploy_factory "$rpc"
    save_setting rpc "$rpc"
    CHAIN_ENVIRONMENT=(RPC="$rpc" PK0="$ANVIL_KEY" FACTORY="$FACTORY")
}

chain_ready() {
    # shellcheck disable=SC2188
    (exec 3<>"/dev/tcp/127.0.0.1/$(setting chain_port)") 2>/dev/null
}

# deploy_factory RPC: sets FACTORY, the factory's address on the local chain, deployed once and remembered.
deploy_factory() {
    FACTORY=$(setting factory)
    [ -n "$FACTORY" ] && return
    need_dotnet
    build_once cli
    step "Deploying the contract factory"
    local answer
    # The key goes by the environment (PK0): arguments are visible to every user.
    answer=$(RPC=$1 PK0=$ANVIL_KEY dotnet "$ROOT/cli/bin/Release/net10.0/Pbts.Cli.dll" deploy-factory --json 2>>"$DATA/logs/chain.log" </dev/null) ||
        die "the contract factory could not be deployed, see $DATA/logs/chain.log"
    FACTORY=$(sed -nE 's/.*"factory": *"(0x[0-9a-fA-F]{40})".*/\1/p' <<<"$answer")
    [ -n "$FACTORY" ] || die "deploy-factory named no address: $answer"
    save_setting factory "$FACTORY"
}
