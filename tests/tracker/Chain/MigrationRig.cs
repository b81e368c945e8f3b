using Pbts.Grains.Chain.Anchors;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Migrations;
using Pbts.Grains.Chain.Outbox;
using Pbts.Protocol.Ethereum;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Parts of a migration on a <see cref="ChainRig"/>.</summary>
internal static class MigrationRig
{
    public static Anchoring Anchoring(ChainRig rig, EthereumRpcClient rpc, EthereumAddress account, IChainSubmitter submitter) => new(
        new ReputationReader(rpc), account, ChainRig.Options(new Uri("http://127.0.0.1:1")), new AnchorStore(rig.Database), new(rig.Database), rig.Contracts, submitter);

    public static MigrationAnchors Anchors(ChainRig rig, EthereumRpcClient rpc, EthereumAddress account, IChainSubmitter submitter) => new(
        rpc, new ReputationReader(rpc), account, 2000, new MigrationStore(rig.Database), new AnchorStore(rig.Database), Anchoring(rig, rpc, account, submitter), new ProofStore(rig.Database));
}
