using System.Diagnostics;
using Pbts.Load;

namespace Pbts.Experiments;

/// <summary>Takes the measurements of all experiments and keeps what they found.</summary>
internal sealed class ExperimentRun(Settings settings, IProgressView progress)
{
    private readonly List<Finding> _findings = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private double _expectedBefore;
    private double _expectedNow;
    private double _expectedAll;
    private double _partBegan;

    public Settings Settings => settings;

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>Runs experiments one after another; what goes wrong in one is its finding and does not end the others.</summary>
    public async Task RunAsync(IReadOnlyCollection<IExperiment> experiments)
    {
        _expectedAll = experiments.Sum(experiment => experiment.ExpectedSeconds(settings));
        foreach (var experiment in experiments)
        {
            _expectedNow = experiment.ExpectedSeconds(settings);
            _partBegan = _clock.Elapsed.TotalSeconds;
            Show($"{experiment.Name}: {experiment.Description}");
            await GuardAsync(new Finding { Part = experiment.Name, Name = "the whole experiment" }, () => experiment.RunAsync(this));
            _expectedBefore += _expectedNow;
        }
    }

    public void Add(Finding finding)
    {
        _findings.Add(finding);
        Show($"{finding.Part}: {finding.Title}: " + finding switch
        {
            { Outcome: Outcome.Skipped } => $"skipped, {finding.Reason}",
            { Outcome: Outcome.Failed } => $"FAILED, {finding.Reason}",
            { Summary: { } summary } => $"median {Format.Number(summary.Median)} {finding.Unit} (n {summary.Count})",
            _ => $"{Format.Number(finding.Value)} {finding.Unit}",
        });
    }

    public void Skip(string part, string name, string reason) => Add(new Finding { Part = part, Name = name, Outcome = Outcome.Skipped, Reason = reason });

    /// <summary>Runs a measurement; an operation that answers wrongly makes it a failed finding.</summary>
    /// <returns>Whether it went well.</returns>
    public async Task<bool> GuardAsync(Finding about, Func<Task> measure)
    {
        try
        {
            await measure();
            return true;
        }
        catch (Exception e) when (e is ExperimentException or LoadException or HttpRequestException or IOException or TaskCanceledException or System.Net.Sockets.SocketException)
        {
            Add(about with { Outcome = Outcome.Failed, Reason = e.Message, Samples = null, Value = null });
            return false;
        }
    }

    /// <summary>
    /// Milliseconds of an operation: a warm-up that is not counted, then samples until there are <see cref="Settings.Iterations"/>,
    /// or enough of them and the time is up. What <paramref name="prepare"/> takes is not counted.
    /// </summary>
    public Task<bool> TimeAsync<T>(Finding about, Func<T> prepare, Func<T, Task> once, int? iterations = null) => GuardAsync(about, async () =>
    {
        var samples = new List<double>();
        var most = iterations ?? settings.Iterations;
        for (var (warmUp, i) = (Stopwatch.StartNew(), 0); i < Math.Clamp(most / 10, 2, 100) && warmUp.Elapsed < settings.Budget / 4; i++)
            await once(prepare());
        for (var budget = Stopwatch.StartNew(); samples.Count < most && (samples.Count < settings.Fewest || budget.Elapsed < settings.Budget);)
        {
            var input = prepare();
            var started = Stopwatch.GetTimestamp();
            await once(input);
            samples.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        Add(about with { Samples = [.. samples] });
    });

    /// <summary>Milliseconds of an operation that keeps the processor busy; it throws when its result is wrong.</summary>
    public Task<bool> TimeAsync(Finding about, Action once, int? iterations = null) => TimeAsync(about, () => 0, _ =>
    {
        once();
        return Task.CompletedTask;
    }, iterations);

    /// <summary>The first measured finding of that name.</summary>
    public Finding? Find(string part, string name, double? size = null) =>
        _findings.FirstOrDefault(f => f.Part == part && f.Name == name && f.Outcome == Outcome.Measured && (size is null || f.Size == size));

    private void Show(string text)
    {
        // Experiments take longer or shorter than expected; the rest will too.
        var now = _clock.Elapsed.TotalSeconds;
        var inPart = Math.Min((now - _partBegan) / _expectedNow, 0.95) * _expectedNow;
        var pace = _expectedBefore > 0 ? Math.Clamp(_partBegan / _expectedBefore, 0.2, 5) : 1;
        progress.Show(text, (_expectedBefore + inPart) / _expectedAll, (_expectedAll - _expectedBefore - inPart) * pace);
    }
}
