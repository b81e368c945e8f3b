using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Migrations;

/// <summary>A row of <c>migration</c>, as the runner needs it.</summary>
internal sealed record MigrationRow(
    Guid Id, EthereumAddress Referrer, EthereumAddress? Contract, bool AllUsers, int BatchSize, bool RetireReferrer, MigrationState State, MigrationPhase Phase,
    Guid DeployTx, Guid RetireTx, IReadOnlyList<EthereumAddress>? ScanContracts, long ScanBlock, MigrationMethod Method, MigrationClaims Claims, long? AnchorSequence);
