using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>A root and its transaction.</summary>
internal sealed record AnchorRow(long Id, EthereumAddress Contract, long Sequence, SumNode Root, long Members, Guid OutboxId, DateTimeOffset TakenAt);
