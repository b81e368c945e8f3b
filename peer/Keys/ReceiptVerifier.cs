using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Keys;

/// <summary>Checks receipt signatures, many at the price of few.</summary>
internal static class ReceiptVerifier
{
    /// <summary>Whether each receipt carries its receiver's signature.</summary>
    public static bool[] Verify(IReadOnlyList<Receipt> receipts)
    {
        var items = new BlsBatchItem[receipts.Count];
        for (var i = 0; i < items.Length; i++)
        {
            _ = BlsPublicKey.TryParse(receipts[i].Receiver.Span, out var key);
            _ = BlsSignature.TryParse(receipts[i].Signature.Span, out var signature);
            items[i] = new BlsBatchItem(key, receipts[i].SignedMessage(), signature);
        }
        return Bls.BatchVerify(items);
    }
}
