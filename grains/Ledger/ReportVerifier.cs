using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Operations;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>
/// Verifies a report in slices, each in its turn, so that a long one holds nobody up. The slices grow while all is good and
/// are small again after a bad signature, whose search is what costs. What costs otherwise is each signer once a slice.
/// </summary>
internal sealed class ReportVerifier(SignatureWorkers workers, IOptions<ReceiptsOptions> options, TimeProvider time)
{
    /// <summary>The first slice of whoever is not known to report good signatures alone.</summary>
    public const int SmallSlice = 16;

    /// <summary>The first slice of whoever is.</summary>
    public const int KnownSlice = 64;

    private const int LargeSlice = 256;

    /// <summary>Signers that have not proved their key are verified one by one; such a statement takes so much of a slice.</summary>
    private const int SingleWeight = 8;

    /// <summary>Which statements their signers have signed.</summary>
    /// <param name="statements">The statements.</param>
    /// <param name="first">The first slice.</param>
    /// <returns>The verdicts on the first of them: all, unless the verifiers are busy or too many were bad.</returns>
    public async Task<List<bool>> VerifyAsync(IReadOnlyList<SignedStatement> statements, int first = SmallSlice)
    {
        var turn = VerificationTurn.Current;
        var started = time.GetTimestamp();
        var patience = TimeSpan.FromSeconds(options.Value.VerifierPatience);
        var verdicts = new List<bool>(statements.Count);
        for (var (size, bad) = (first, 0); verdicts.Count < statements.Count && bad < options.Value.MaxBadSignatures && time.GetElapsedTime(started) < patience;)
        {
            var slice = Slice(statements, verdicts.Count, size);
            bool[] valid = [];
            if (!await workers.TryRunAsync(turn, () => valid = StatementVerifier.Verify([.. slice.Select(i => statements[i])]), continues: verdicts.Count > 0))
                break;
            verdicts.AddRange(valid);
            var badHere = valid.Count(good => !good);
            bad += badHere;
            size = badHere > 0 ? SmallSlice : Math.Min(size * 2, LargeSlice);
            // Only the beginning of a report is urgent.
            turn = turn with { Kind = VerificationKind.Report };
        }

        return verdicts;
    }

    private static List<int> Slice(IReadOnlyList<SignedStatement> statements, int start, int size)
    {
        var slice = new List<int>();
        for (var weight = 0; start < statements.Count && weight < size; start++)
        {
            slice.Add(start);
            weight += statements[start].Alone ? SingleWeight : 1;
        }

        return slice;
    }
}
