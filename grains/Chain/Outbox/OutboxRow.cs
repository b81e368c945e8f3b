using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>A row of <c>chain_outbox</c> that still needs work; its kind is null when only another version knows it.</summary>
internal sealed record OutboxRow(
    Guid Id, TransactionKind? Kind, ChainTransactionState State, EthereumAddress? To, byte[] Data, long? Nonce, long? GasLimit, int Attempts,
    TimeSpan SinceAttempt, TimeSpan SinceBroadcast, TimeSpan SinceCheck, long? BlockNumber, string? BlockHash);
