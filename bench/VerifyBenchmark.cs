using System.Diagnostics;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Bench;

/// <summary>
/// Receipts verified a second by one thread: the tracker's batch verification (random coefficients, one pairing a
/// receiver) beside plain aggregate verification with the same code (one pairing a receipt).
/// </summary>
internal static class VerifyBenchmark
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        var count = arguments.Number("--receipts", 50);
        var seconds = arguments.Number("--seconds", 4);
        Console.WriteLine($"{count} receipts, one thread, medians of {seconds} s each, in turn");
        Console.WriteLine($"{"receivers",9} {"batch ms",10} {"receipts/s",11} {"plain ms",10} {"receipts/s",11} {"ratio",7}");
        var rows = new List<object>();
        foreach (var receivers in new[] { 1, 5, count })
        {
            var receipts = Receipts(count, receivers);
            var keys = receipts.Select(receipt => receipt.Receiver.ToBls()).ToArray();
            var messages = receipts.Select(receipt => receipt.SignedMessage()).ToArray();
            var signatures = receipts.Select(receipt => receipt.Signature.ToBls()).ToArray();
            var batch = keys.Select((key, i) => new BlsBatchItem(key, messages[i], signatures[i])).ToArray();
            bool Batch() => !Bls.BatchVerify(batch).Contains(false);
            bool Plain() => Bls.TryAggregate(signatures, out var aggregate) && Bls.AggregateVerify(keys, [.. messages.Select(message => (ReadOnlyMemory<byte>)message)], aggregate);

            var (batchTimes, plainTimes) = (new List<double>(), new List<double>());
            for (var warmUp = Stopwatch.StartNew(); warmUp.Elapsed < TimeSpan.FromSeconds(2);)
                _ = Time(Batch) + Time(Plain);
            for (var run = Stopwatch.StartNew(); run.Elapsed < TimeSpan.FromSeconds(2 * seconds);)
            {
                batchTimes.Add(Time(Batch));
                plainTimes.Add(Time(Plain));
            }

            var (fast, slow) = (Samples.Median(batchTimes), Samples.Median(plainTimes));
            Console.WriteLine($"{receivers,9} {fast,10:F2} {1000 * count / fast,11:F0} {slow,10:F2} {1000 * count / slow,11:F0} {slow / fast,7:F2}");
            rows.Add(new { receivers, batch_per_second = 1000 * count / fast, plain_per_second = 1000 * count / slow, ratio = slow / fast });
        }

        await Results.WriteAsync(arguments, "verify", new { receipts = count, rows });
        return 0;
    }

    /// <summary>Receipts a second that one thread verifies in batches, measured for three seconds after one of warm-up.</summary>
    public static double Rate(int count, int receivers)
    {
        var batch = Receipts(count, receivers).Select(receipt => new BlsBatchItem(receipt.Receiver.ToBls(), receipt.SignedMessage(), receipt.Signature.ToBls())).ToArray();
        var times = new List<double>();
        for (var run = Stopwatch.StartNew(); run.Elapsed < TimeSpan.FromSeconds(4);)
        {
            var time = Time(() => !Bls.BatchVerify(batch).Contains(false));
            if (run.Elapsed > TimeSpan.FromSeconds(1))
                times.Add(time);
        }

        return 1000 * count / Samples.Median(times);
    }

    /// <summary>Receipts of different pieces for one sender, signed by the receivers in turn.</summary>
    private static Receipt[] Receipts(int count, int receivers)
    {
        static LoadMember New(int _) => new("nobody", MemberIdentity.Generate());
        return new ReceiptSource(New(0), [.. Enumerable.Range(0, receivers).Select(New)]).Next(count);
    }

    private static double Time(Func<bool> verify)
    {
        var started = Stopwatch.GetTimestamp();
        if (!verify())
            throw new InvalidOperationException("A good receipt was refused.");
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
