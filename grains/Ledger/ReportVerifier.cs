using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Operations;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>
/// Verifies a report in slices, each in its turn, so that a long one holds nobody up. The slices grow while all is good and
/// are small again after a bad signature, whose search is what costs.
/// </summary>
internal sealed class ReportVerifier(SignatureWorkers workers, IOptions<ReceiptsOptions> options, TimeProvider time)
{
    private const int SmallSlice = 16;
    private const int LargeSlice = 256;

    /// <summary>Receivers that have not proved their key are verified one by one; such a receipt takes so much of a slice.</summary>
    private const int SingleWeight = 8;

    /// <summary>Which receipts are signed by their receivers.</summary>
    /// <param name="proven">Whether the receiver has proved its key, for each receipt.</param>
    /// <returns>The verdicts on the first of them: all, unless the verifiers are busy or too many were bad.</returns>
    public async Task<List<bool>> VerifyAsync(IReadOnlyList<Receipt> receipts, IReadOnlyList<bool> proven)
    {
        var turn = VerificationTurn.Current;
        var started = time.GetTimestamp();
        var patience = TimeSpan.FromSeconds(options.Value.VerifierPatience);
        var verdicts = new List<bool>(receipts.Count);
        for (var (size, bad) = (SmallSlice, 0); verdicts.Count < receipts.Count && bad < options.Value.MaxBadSignatures && time.GetElapsedTime(started) < patience;)
        {
            var slice = Slice(proven, verdicts.Count, size);
            bool[] valid = [];
            if (!await workers.TryRunAsync(turn, () => valid = ReceiptVerifier.Verify([.. slice.Select(i => receipts[i])], [.. slice.Select(i => proven[i])]), continues: verdicts.Count > 0))
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

    private static List<int> Slice(IReadOnlyList<bool> proven, int start, int size)
    {
        var slice = new List<int>();
        for (var weight = 0; start < proven.Count && weight < size; start++)
        {
            slice.Add(start);
            weight += proven[start] ? 1 : SingleWeight;
        }

        return slice;
    }
}
