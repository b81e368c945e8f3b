using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Bep10;

/// <summary>When waiting receipts are due, and how many may wait.</summary>
public sealed record PendingReceiptsOptions
{
    /// <summary>Receipts that make a report due at once.</summary>
    public int BatchThreshold { get; init; } = 10;

    /// <summary>Age of the oldest receipt that makes a report due.</summary>
    public TimeSpan BatchTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Most receipts kept; further ones are refused until some are settled.</summary>
    public int Capacity { get; init; } = 100_000;

    /// <summary>Seconds after which a receipt is worthless and dropped: the tracker's window.</summary>
    public long WindowSeconds { get; init; } = ReceiptFreshness.DefaultWindowSeconds;
}
