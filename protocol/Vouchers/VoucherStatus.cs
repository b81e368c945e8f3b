namespace Pbts.Protocol.Vouchers;

/// <summary>What became of one submitted voucher. The names on the wire are in <see cref="VoucherStatusNames"/>.</summary>
public enum VoucherStatus
{
    /// <summary>All signed bytes are credited now.</summary>
    Accepted = 0,

    /// <summary>A part is credited; the rest may be reported again later with the same voucher.</summary>
    Partial,

    /// <summary>Nothing new: the same or a lower value of a session whose bytes are credited.</summary>
    Duplicate,

    /// <summary>The signature does not hold, perhaps because the voucher is for another tracker.</summary>
    BadSignature,

    /// <summary>Signed further in the future than clocks may differ.</summary>
    Future,

    /// <summary>Signed longer ago than the voucher window.</summary>
    Expired,

    /// <summary>A field is missing, has the wrong type, length or range.</summary>
    Malformed,

    /// <summary>The receiver is not registered.</summary>
    UnknownReceiver,

    /// <summary>The reporter or the receiver has not proved possession of its key.</summary>
    Unproven,

    /// <summary>The sender key is not the reporter's.</summary>
    NotYourVoucher,

    /// <summary>Sender and receiver are one member.</summary>
    SelfVoucher,

    /// <summary>More bytes than the highest rate allows in the time the session has lasted.</summary>
    TooFast,

    /// <summary>Not looked at: the tracker had too much to do. Report it again.</summary>
    Busy,
}
