namespace Pbts.Protocol.Receipts;

/// <summary>The signed time of a receipt: a second in the HTTP dialect, an hour in the BEP 10 dialect.</summary>
/// <param name="Kind">What <paramref name="Value"/> counts.</param>
/// <param name="Value">Seconds or epochs since 1970.</param>
public readonly record struct ReceiptTime(ReceiptTimeKind Kind, ulong Value)
{
    /// <summary>Seconds in an epoch. A constant of the protocol: changing it would change every receipt's identity.</summary>
    public const ulong EpochSeconds = 3600;

    /// <summary>The hour, whichever dialect was signed.</summary>
    public ulong Epoch => Kind == ReceiptTimeKind.Epoch ? Value : Value / EpochSeconds;

    /// <summary>First second the signed time may mean; saturates.</summary>
    public ulong Earliest => Kind == ReceiptTimeKind.Timestamp ? Value
        : Value > ulong.MaxValue / EpochSeconds ? ulong.MaxValue : Value * EpochSeconds;

    /// <summary>Last second the signed time may mean; saturates.</summary>
    public ulong Latest => Kind == ReceiptTimeKind.Timestamp ? Value
        : Earliest > ulong.MaxValue - EpochSeconds ? ulong.MaxValue : Earliest + EpochSeconds - 1;

    /// <summary>A signed Unix second.</summary>
    public static ReceiptTime FromTimestamp(ulong seconds) => new(ReceiptTimeKind.Timestamp, seconds);

    /// <summary>A signed hour number.</summary>
    public static ReceiptTime FromEpoch(ulong epoch) => new(ReceiptTimeKind.Epoch, epoch);

    /// <summary>The epoch a Unix second falls in.</summary>
    /// <param name="seconds">Unix seconds.</param>
    /// <param name="window">Seconds an epoch lasts, at least 1.</param>
    public static ulong EpochOf(ulong seconds, ulong window = EpochSeconds) => seconds / window;
}
