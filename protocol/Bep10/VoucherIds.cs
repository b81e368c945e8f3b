namespace Pbts.Protocol.Bep10;

/// <summary>The extended message ids one side wants vouchers sent under; 0 means "not offered" (BEP 10).</summary>
/// <param name="Voucher">Id of a voucher (<c>pbts_voucher</c>).</param>
/// <param name="Ack">Id of an acknowledgement (<c>pbts_voucher_ack</c>).</param>
/// <param name="Request">Id of a request (<c>pbts_request_voucher</c>).</param>
public readonly record struct VoucherIds(byte Voucher, byte Ack, byte Request)
{
    /// <summary>The ids this implementation offers: 5, 6 and 7.</summary>
    public static VoucherIds Local { get; } = new(5, 6, 7);

    /// <summary>Whether vouchers and their acknowledgements can be sent, without which there is no exchange.</summary>
    public bool Suffice => Voucher != 0 && Ack != 0;
}
