using System.Collections.Concurrent;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>What somebody is said to have signed.</summary>
/// <param name="Proven">Whether the signer has proved to hold the key's secret.</param>
internal readonly record struct SignedStatement(MemberKey Signer, byte[] Message, ReceiptSignature Signature, bool Proven);

/// <summary>Verifies the signatures of a report.</summary>
internal static class StatementVerifier
{
    private const int RememberedKeys = 50_000;

    // Whether bytes are a key is a fact about the bytes, and dear to find out: the same receivers sign again and again.
    private static readonly ConcurrentDictionary<MemberKey, BlsValidatedKey> Keys = new();

    /// <summary>
    /// True at the index of each statement that its signer signed. Signers that proved their keys are checked as one
    /// batch; the others one by one, because only possession makes a sum of keys safe.
    /// </summary>
    public static bool[] Verify(IReadOnlyList<SignedStatement> statements)
    {
        var verdicts = new bool[statements.Count];
        var batched = Enumerable.Range(0, statements.Count).Where(i => statements[i].Proven).ToArray();
        var valid = Bls.BatchVerify([.. batched.Select(i => Item(statements[i]))]);
        for (var i = 0; i < batched.Length; i++)
            verdicts[batched[i]] = valid[i];
        for (var i = 0; i < statements.Count; i++)
        {
            if (!statements[i].Proven)
                verdicts[i] = Bls.Verify(KeyOf(statements[i]), statements[i].Message, SignatureOf(statements[i]));
        }

        return verdicts;
    }

    private static BlsBatchItem Item(SignedStatement statement)
    {
        var (message, signature) = (statement.Message, SignatureOf(statement));
        if (Keys.TryGetValue(statement.Signer, out var known))
            return new(known, message, signature);
        if (!KeyOf(statement).TryValidate(out var key))
            return new(KeyOf(statement), message, signature);
        if (Keys.Count >= RememberedKeys)
            Keys.Clear();
        Keys[statement.Signer] = key;
        return new(key, message, signature);
    }

    private static BlsPublicKey KeyOf(SignedStatement statement) => BlsPublicKey.TryParse(statement.Signer.Span, out var key) ? key : default;

    private static BlsSignature SignatureOf(SignedStatement statement) => BlsSignature.TryParse(statement.Signature.Span, out var signature) ? signature : default;
}
