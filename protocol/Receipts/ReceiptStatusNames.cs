namespace Pbts.Protocol.Receipts;

/// <summary>The texts under which the statuses appear in JSON.</summary>
public static class ReceiptStatusNames
{
    private static readonly string[] Names =
    [
        "accepted", "duplicate", "expired", "future", "bad_signature", "unknown_receiver",
        "unproven", "not_your_receipt", "self_receipt", "malformed", "too_large", "busy",
        "receiver_limit", "torrent_limit", "unregistered_torrent",
    ];

    /// <summary>The text of a status.</summary>
    public static string ToWire(this ReceiptStatus status) => Names[(int)status];

    /// <summary>The status of a text; <c>false</c> for an unknown one.</summary>
    public static bool TryParse(string? text, out ReceiptStatus status)
    {
        var index = Array.IndexOf(Names, text);
        status = (ReceiptStatus)Math.Max(index, 0);
        return index >= 0;
    }
}
