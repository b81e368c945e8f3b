namespace Pbts.Protocol.Receipts;

/// <summary>Which time the receiver signed.</summary>
public enum ReceiptTimeKind
{
    /// <summary>Unix seconds (the HTTP dialect).</summary>
    Timestamp = 0,

    /// <summary>Hours since the Unix epoch (the BEP 10 dialect, <c>t_epoch</c>).</summary>
    Epoch = 1,
}
