using System.Collections.Concurrent;
using Pbts.Protocol.Bls;

namespace Pbts.Protocol.Receipts;

/// <summary>Verifies the signatures of receipts and vouchers, many at the price of few.</summary>
public static class StatementVerifier
{
    /// <summary>Statements that are best verified together.</summary>
    public const int Batch = 1024;

    private const int RememberedKeys = 100_000;

    // Whether bytes are a key is a fact about the bytes, and dear to find out: the same receivers sign again and again.
    private static readonly ConcurrentDictionary<MemberKey, BlsValidatedKey> Keys = new();

    /// <summary>
    /// True at the index of each statement that its signer signed. All are checked as one batch but those that must be
    /// verified alone, because only possession makes a sum of keys safe.
    /// </summary>
    public static bool[] Verify(IReadOnlyList<SignedStatement> statements)
    {
        ArgumentNullException.ThrowIfNull(statements);
        var verdicts = new bool[statements.Count];
        var batched = Enumerable.Range(0, statements.Count).Where(i => !statements[i].Alone).ToArray();
        var valid = Bls.Bls.BatchVerify([.. batched.Select(i => Item(statements[i]))]);
        for (var i = 0; i < batched.Length; i++)
            verdicts[batched[i]] = valid[i];
        for (var i = 0; i < statements.Count; i++)
        {
            if (statements[i].Alone)
                verdicts[i] = Bls.Bls.Verify(statements[i].Signer.ToBls(), statements[i].Message, statements[i].Signature.ToBls());
        }

        return verdicts;
    }

    /// <summary>The same on all processors: for an audit, which has nobody to leave one to.</summary>
    public static bool[] VerifyOnAllProcessors(IReadOnlyList<SignedStatement> statements)
    {
        ArgumentNullException.ThrowIfNull(statements);
        var verdicts = new bool[statements.Count];
        Parallel.For(0, (statements.Count + Batch - 1) / Batch, batch =>
            Verify([.. statements.Skip(batch * Batch).Take(Batch)]).CopyTo(verdicts, batch * Batch));
        return verdicts;
    }

    private static BlsBatchItem Item(SignedStatement statement)
    {
        var (message, signature) = (statement.Message, statement.Signature.ToBls());
        if (Keys.TryGetValue(statement.Signer, out var known))
            return new(known, message, signature);
        if (!statement.Signer.ToBls().TryValidate(out var key))
            return new(statement.Signer.ToBls(), message, signature);
        if (Keys.Count >= RememberedKeys)
            Keys.Clear();
        Keys[statement.Signer] = key;
        return new(key, message, signature);
    }
}
