using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;
using Pbts.Protocol.Threading;

namespace Pbts.Hosting.Workers;

/// <summary>
/// The process's threads for signatures, so that neither grains nor the thread pool wait for such work. Bounded, and fair:
/// each kind of work has a queue of its own with a share of the turns, in each queue callers take turns, and what has
/// waited too long is not done any more, because nobody waits for it.
/// </summary>
public sealed class SignatureWorkers : IDisposable
{
    private const int ThreadNiceness = 10;

    /// <summary>Whose turn it is. A queue that is empty leaves its turn to the first that is not.</summary>
    private static readonly VerificationKind[] Turns =
    [
        VerificationKind.Prompt, VerificationKind.Report, VerificationKind.Prompt, VerificationKind.Report, VerificationKind.Prompt,
        VerificationKind.Report, VerificationKind.Prompt, VerificationKind.Report, VerificationKind.Prompt, VerificationKind.Convenience,
    ];

    private readonly FairLane<Job>[] _lanes;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _jobs = new(0);
    private readonly TimeProvider _time;
    private readonly TimeSpan _patience;
    private readonly TaggedCounter _refused;
    private int _turn;
    private volatile bool _stopped;

    public SignatureWorkers(IOptions<ReceiptsOptions> options, IMeterFactory meters, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        var settings = options.Value;
        _time = time;
        _patience = TimeSpan.FromSeconds(settings.VerifierPatience);
        _lanes = [new(settings.VerifierQueue), new(settings.VerifierQueue), new(settings.ConvenienceQueue)];
        var meter = meters.Create(Telemetry.Name);
        meter.CreateObservableGauge("pbts.verification.queue", () => Waiting, "{job}", "Reports, registrations and announces that wait for a verifier.");
        _refused = new(meter, "pbts.verification.refused", "{job}", "Verifications that were not made, by reason.",
            Enum.GetNames<Refusal>().Select(reason => new KeyValuePair<string, object?>[] { new("reason", reason.ToLowerInvariant()) }));
        for (var i = 0; i < (settings.Verifiers > 0 ? settings.Verifiers : Math.Max(1, Environment.ProcessorCount - 1)); i++)
            new Thread(Work) { IsBackground = true, Name = "pbts-worker" }.Start();
    }

    private enum Refusal
    {
        /// <summary>Too many waited, and this caller had its share of them.</summary>
        Full,

        /// <summary>Somebody who had less waiting came.</summary>
        Displaced,

        /// <summary>It had waited too long when its turn came.</summary>
        Late,

        /// <summary>The caller had spent what it may.</summary>
        Budget,
    }

    /// <summary>Work that waits for a thread.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _lanes.Sum(lane => lane.Count);
        }
    }

    /// <summary>Notes that work was refused because of what its caller has spent.</summary>
    public void CountOverBudget() => _refused.Add((int)Refusal.Budget);

    /// <summary>Does the work in its turn.</summary>
    /// <param name="continues">Whether it goes on with what was begun: then it goes before what else this caller has waiting.</param>
    /// <returns>False when it was not done: too much waits, or it waited too long. What it throws, this throws.</returns>
    public Task<bool> TryRunAsync(VerificationTurn turn, Action work, bool continues = false)
    {
        var job = new Job(work, _time.GetTimestamp());
        bool added;
        Job? displaced;
        lock (_gate)
            added = _lanes[(int)turn.Kind].TryAdd(turn.Caller, job, continues, out displaced);
        if (displaced is not null)
            Refuse(displaced, Refusal.Displaced);
        if (!added)
            Refuse(job, Refusal.Full);
        else if (displaced is null)
            _jobs.Release();
        return job.Done.Task;
    }

    public void Dispose()
    {
        _stopped = true;
        _jobs.Release(1024);
    }

    private void Work()
    {
        // Announces go before signatures: a report may wait, a client must not notice.
        ThreadTurns.ComeLater(ThreadNiceness);

        // A thread of its own may block: that is what it is for. One release for each job that waits.
        while (true)
        {
            _jobs.Wait();
            if (_stopped)
                return;
            if (Take() is not { } job)
                continue;
            if (_time.GetElapsedTime(job.Since) > _patience)
                Refuse(job, Refusal.Late);
            else
                Run(job);
        }
    }

    private Job? Take()
    {
        lock (_gate)
        {
            _turn = (_turn + 1) % Turns.Length;
            if (_lanes[(int)Turns[_turn]].TryTake(out var job))
                return job;
            foreach (var lane in _lanes)
            {
                if (lane.TryTake(out job))
                    return job;
            }

            return null;
        }
    }

    private static void Run(Job job)
    {
        try
        {
            job.Work();
            job.Done.SetResult(true);
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to the caller who waits; the worker goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            job.Done.SetException(e);
        }
    }

    private void Refuse(Job job, Refusal reason)
    {
        _refused.Add((int)reason);
        job.Done.SetResult(false);
    }

    private sealed class Job(Action work, long since)
    {
        public Action Work { get; } = work;

        public long Since { get; } = since;

        public TaskCompletionSource<bool> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
