using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Claims;

/// <summary>A row of <c>chain_claim</c>.</summary>
internal sealed record ClaimRow(
    EthereumAddress Contract, string Username, byte[] Key, long Sequence, long Uploaded, long Downloaded, Guid OutboxId, byte[] Data, ClaimState State, string? Reason)
{
    public ClaimView ToView() => new()
    {
        State = State, Contract = Contract.ToString(), Sequence = Sequence, Up = Uploaded, Down = Downloaded, Transaction = OutboxId, Reason = Reason,
    };
}
