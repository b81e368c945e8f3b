using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Bep10;

/// <summary>A receipt as it travels between peers: the signed fields, and a timestamp nobody signed.</summary>
/// <param name="Receipt">The receipt; its time is an epoch and its piece hash has 32 bytes.</param>
/// <param name="Timestamp">Unix seconds as the receiver says, for information only.</param>
public sealed record WireReceipt(Receipt Receipt, ulong Timestamp);
