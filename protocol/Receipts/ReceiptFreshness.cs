namespace Pbts.Protocol.Receipts;

/// <summary>The time rule of a receipt, as a pure function of the clock.</summary>
public static class ReceiptFreshness
{
    /// <summary>Seconds a receipt is accepted after its time, unless configured otherwise: 24 hours.</summary>
    public const long DefaultWindowSeconds = 86400;

    /// <summary>Seconds a receipt may lie in the future, for clocks that differ.</summary>
    public const long FutureToleranceSeconds = 120;

    /// <summary>
    /// <see cref="ReceiptStatus.Accepted"/>, <see cref="ReceiptStatus.Expired"/> or <see cref="ReceiptStatus.Future"/>.
    /// An epoch counts as its whole hour: future by its first second, expired by its last.
    /// </summary>
    /// <param name="time">The signed time.</param>
    /// <param name="now">Unix seconds, not negative.</param>
    /// <param name="windowSeconds">Accepted age in seconds, not negative.</param>
    public static ReceiptStatus Check(ReceiptTime time, long now, long windowSeconds = DefaultWindowSeconds)
    {
        // 128 bits, so that no pair of 64-bit times overflows.
        if (time.Earliest > (UInt128)now + FutureToleranceSeconds)
            return ReceiptStatus.Future;
        return (UInt128)time.Latest + (UInt128)windowSeconds < (UInt128)now ? ReceiptStatus.Expired : ReceiptStatus.Accepted;
    }
}
