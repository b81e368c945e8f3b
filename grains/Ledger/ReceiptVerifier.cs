using System.Collections.Concurrent;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>Verifies the signatures of a report.</summary>
internal static class ReceiptVerifier
{
    private const int RememberedKeys = 50_000;

    // Whether bytes are a key is a fact about the bytes, and dear to find out: the same receivers sign again and again.
    private static readonly ConcurrentDictionary<MemberKey, BlsValidatedKey> Keys = new();

    /// <summary>
    /// True at the index of each receipt that its receiver signed. Receivers that proved their keys are checked as one
    /// batch; the others one by one, because only possession makes a sum of keys safe.
    /// </summary>
    public static bool[] Verify(IReadOnlyList<Receipt> receipts, IReadOnlyList<bool> proven)
    {
        var verdicts = new bool[receipts.Count];
        var batched = Enumerable.Range(0, receipts.Count).Where(i => proven[i]).ToArray();
        var valid = Bls.BatchVerify([.. batched.Select(i => Item(receipts[i]))]);
        for (var i = 0; i < batched.Length; i++)
            verdicts[batched[i]] = valid[i];
        for (var i = 0; i < receipts.Count; i++)
        {
            if (!proven[i])
                verdicts[i] = Bls.Verify(KeyOf(receipts[i]), receipts[i].SignedMessage(), SignatureOf(receipts[i]));
        }

        return verdicts;
    }

    private static BlsBatchItem Item(Receipt receipt)
    {
        var (message, signature) = (receipt.SignedMessage(), SignatureOf(receipt));
        if (Keys.TryGetValue(receipt.Receiver, out var known))
            return new(known, message, signature);
        if (!KeyOf(receipt).TryValidate(out var key))
            return new(KeyOf(receipt), message, signature);
        if (Keys.Count >= RememberedKeys)
            Keys.Clear();
        Keys[receipt.Receiver] = key;
        return new(key, message, signature);
    }

    private static BlsPublicKey KeyOf(Receipt receipt) => BlsPublicKey.TryParse(receipt.Receiver.Span, out var key) ? key : default;

    private static BlsSignature SignatureOf(Receipt receipt) => BlsSignature.TryParse(receipt.Signature.Span, out var signature) ? signature : default;
}
