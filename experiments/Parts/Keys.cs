using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Parts;

/// <summary>Receipts' keys and signatures as the curve takes them.</summary>
internal static class Keys
{
    public static BlsPublicKey Public(MemberKey key) => BlsPublicKey.TryParse(key.Span, out var parsed) ? parsed : throw new InvalidOperationException("not a key");

    public static BlsValidatedKey Validated(MemberKey key) => Public(key).TryValidate(out var valid) ? valid : throw new InvalidOperationException("not a valid key");

    public static BlsSignature Signature(ReceiptSignature signature) => BlsSignature.TryParse(signature.Span, out var parsed) ? parsed : throw new InvalidOperationException("not a signature");
}
