using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>Verifies the signatures of a report.</summary>
internal static class ReceiptVerifier
{
    /// <summary>
    /// True at the index of each receipt that its receiver signed. Receivers that proved their keys are checked as one
    /// batch; the others one by one, because only possession makes a sum of keys safe.
    /// </summary>
    public static bool[] Verify(IReadOnlyList<Receipt> receipts, IReadOnlyList<bool> proven)
    {
        var verdicts = new bool[receipts.Count];
        var batched = Enumerable.Range(0, receipts.Count).Where(i => proven[i]).ToArray();
        var valid = Bls.BatchVerify([.. batched.Select(i => new BlsBatchItem(KeyOf(receipts[i]), receipts[i].SignedMessage(), SignatureOf(receipts[i])))]);
        for (var i = 0; i < batched.Length; i++)
            verdicts[batched[i]] = valid[i];
        for (var i = 0; i < receipts.Count; i++)
        {
            if (!proven[i])
                verdicts[i] = Bls.Verify(KeyOf(receipts[i]), receipts[i].SignedMessage(), SignatureOf(receipts[i]));
        }

        return verdicts;
    }

    private static BlsPublicKey KeyOf(Receipt receipt) => BlsPublicKey.TryParse(receipt.Receiver.Span, out var key) ? key : default;

    private static BlsSignature SignatureOf(Receipt receipt) => BlsSignature.TryParse(receipt.Signature.Span, out var signature) ? signature : default;
}
