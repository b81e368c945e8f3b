namespace Pbts.Protocol.Vouchers;

/// <summary>The texts under which the statuses appear in JSON.</summary>
public static class VoucherStatusNames
{
    private static readonly string[] Names =
    [
        "accepted", "partial", "duplicate", "bad_signature", "future", "expired", "malformed", "unknown_receiver",
        "unproven", "not_your_voucher", "self_voucher", "too_fast", "busy",
    ];

    /// <summary>The text of a status.</summary>
    public static string ToWire(this VoucherStatus status) => Names[(int)status];

    /// <summary>The status of a text; <c>false</c> for an unknown one.</summary>
    public static bool TryParse(string? text, out VoucherStatus status)
    {
        var index = Array.IndexOf(Names, text);
        status = (VoucherStatus)Math.Max(index, 0);
        return index >= 0;
    }
}
