using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.GrainInterfaces.Ledger;

/// <summary>How a <see cref="Voucher"/> travels between processes: the bytes that are signed, and the signature.</summary>
[GenerateSerializer, Immutable, Alias("pbts.Voucher")]
public struct VoucherSurrogate
{
    [Id(0)]
    public byte[] Packed { get; set; }
}

/// <summary>Packs and unpacks vouchers for Orleans.</summary>
[RegisterConverter]
public sealed class VoucherConverter : IConverter<Voucher, VoucherSurrogate>
{
    public Voucher ConvertFromSurrogate(in VoucherSurrogate surrogate)
    {
        ReadOnlySpan<byte> packed = surrogate.Packed;
        return VoucherMessage.Read(packed, ReceiptSignature.From(packed[VoucherMessage.Length..]))
            ?? throw new InvalidDataException("A voucher came whose numbers are out of range.");
    }

    public VoucherSurrogate ConvertToSurrogate(in Voucher value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var packed = new byte[VoucherMessage.Length + ReceiptSignature.Length];
        VoucherMessage.Write(packed, value);
        value.Signature.Span.CopyTo(packed.AsSpan(VoucherMessage.Length));
        return new VoucherSurrogate { Packed = packed };
    }
}
