using System.Diagnostics;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Bls;

namespace Pbts.Experiments.Parts;

/// <summary>Operations a second on 1, 2, 4 and 8 threads.</summary>
internal sealed class ThroughputExperiment : IExperiment
{
    private const int Slices = 10;

    public string Name => "throughput";

    public string Description => "operations a second on 1, 2, 4 and 8 threads";

    public double ExpectedSeconds(Settings settings) => 3 * settings.Duration;

    public async Task RunAsync(ExperimentRun run)
    {
        var (sender, receiver) = (new LoadMember("sender", MemberIdentity.Generate()), new LoadMember("receiver", MemberIdentity.Generate()));
        var source = new ReceiptSource(sender, [receiver]);
        if (!receiver.Identity.PublicKey.ToBls().TryValidate(out var key))
            throw new ExperimentException("a new key is none");
        var signed = source.Next(64).Select(receipt => new BlsBatchItem(key, receipt.SignedMessage(), receipt.Signature.ToBls())).ToArray();
        var messages = signed.Select(item => item.Message.ToArray()).ToArray();
        foreach (var (name, once) in new (string, Action<int>)[]
        {
            ("key generation", _ => MemberIdentity.Generate().Dispose()),
            ("receipt signing", i => receiver.Identity.Sign(messages[i % messages.Length])),
            ("receipt verification", i =>
            {
                var item = signed[i % signed.Length];
                if (!Bls.Verify(item.Key!, item.Message.Span, item.Signature))
                    throw new ExperimentException("a good receipt was refused");
            }),
        })
        {
            foreach (var threads in Settings.Threads)
            {
                var about = new Finding { Part = Name, Name = name, Size = threads, SizeUnit = threads == 1 ? "thread" : "threads", Unit = "operations/s" };
                var seconds = (double)run.Settings.Duration / Settings.Threads.Length;
                await run.GuardAsync(about, () => Task.Run(() => run.Add(about with { Samples = Measure(once, threads, seconds) })));
                if (run.Find(Name, name, 1)?.Typical is { } alone && run.Find(Name, name, threads)?.Typical is { } rate && threads > 1)
                {
                    run.Add(about with { Name = name + " scaling efficiency", Unit = "% of as many threads", Samples = null, Value = 100 * rate / (threads * alone) });
                    run.Add(about with { Name = name + " use of the cores", Unit = "% of as many cores", Samples = null, Value = 100 * rate / (Math.Min(threads, Environment.ProcessorCount) * alone) });
                }
            }
        }
    }

    /// <summary>Operations a second in each of ten slices of the time, after one slice of warm-up.</summary>
    /// <exception cref="ExperimentException">An operation failed.</exception>
    internal static double[] Measure(Action<int> once, int threads, double seconds)
    {
        var counts = new long[threads * 16]; // A cache line apart.
        var stop = false;
        Exception? failure = null;
        using var start = new Barrier(threads + 1);
        var workers = Enumerable.Range(0, threads).Select(which => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                for (var i = which; !Volatile.Read(ref stop); i++)
                {
                    once(i & int.MaxValue);
                    Volatile.Write(ref counts[which * 16], counts[which * 16] + 1);
                }
            }
            catch (ExperimentException e)
            {
                (failure, stop) = (e, true);
            }
        })).ToArray();
        Array.ForEach(workers, worker => worker.Start());
        start.SignalAndWait();
        var rates = new List<double>();
        var slice = TimeSpan.FromSeconds(seconds / (Slices + 1));
        for (var i = 0; i <= Slices; i++)
        {
            var (before, began) = (Sum(), Stopwatch.GetTimestamp());
            Thread.Sleep(slice);
            if (i > 0)
                rates.Add((Sum() - before) / Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        Volatile.Write(ref stop, true);
        Array.ForEach(workers, worker => worker.Join());
        return failure is null ? [.. rates] : throw failure;

        long Sum() => Enumerable.Range(0, threads).Sum(which => Volatile.Read(ref counts[which * 16]));
    }
}
