using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;

namespace Pbts.Tracker.Tests.Ledger;

public sealed class SignatureWorkersTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FakeTimeProvider _time = new();
    private readonly SignatureWorkers _workers;
    private readonly ManualResetEventSlim _open = new();

    public SignatureWorkersTests() => _workers = new(
        Options.Create(new ReceiptsOptions { Verifiers = 1, VerifierQueue = 4, ConvenienceQueue = 2, VerifierPatience = 5 }),
        _services.GetRequiredService<IMeterFactory>(), _time);

    public void Dispose()
    {
        _open.Set();
        _workers.Dispose();
        _open.Dispose();
        _services.Dispose();
    }

    [Fact]
    public async Task Full_queues_of_reports_and_conveniences_leave_announces_theirs()
    {
        var busy = await OccupyAsync();
        var done = new List<string>();
        var reports = Enumerable.Range(0, 5).Select(i => RunAsync(1, VerificationKind.Report, $"report {i}", done)).ToArray();
        var conveniences = Enumerable.Range(0, 3).Select(i => RunAsync(1, VerificationKind.Convenience, $"convenience {i}", done)).ToArray();
        var announces = Enumerable.Range(0, 2).Select(i => RunAsync(1, VerificationKind.Prompt, $"announce {i}", done)).ToArray();
        Assert.False(await reports[4]);
        Assert.False(await conveniences[2]);
        _open.Set();
        Assert.True(await busy);
        Assert.All(await Task.WhenAll([.. reports[..4], .. conveniences[..2], .. announces]), Assert.True);
        Assert.True(done.IndexOf("announce 1") < done.IndexOf("report 3"), string.Join(", ", done));
        Assert.True(done.IndexOf("announce 1") < done.IndexOf("convenience 1"), string.Join(", ", done));
    }

    [Fact]
    public async Task What_has_waited_too_long_is_not_done_any_more()
    {
        var busy = await OccupyAsync();
        var done = new List<string>();
        var late = RunAsync(2, VerificationKind.Report, "late", done);
        _time.Advance(TimeSpan.FromSeconds(6));
        var fresh = RunAsync(2, VerificationKind.Report, "fresh", done);
        _open.Set();
        Assert.True(await busy);
        Assert.False(await late);
        Assert.True(await fresh);
        Assert.Equal(["fresh"], done);
    }

    [Fact]
    public async Task What_goes_wrong_is_the_callers_and_the_worker_goes_on()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _workers.TryRunAsync(default, () => throw new InvalidOperationException()));
        Assert.True(await _workers.TryRunAsync(default, () => { }));
    }

    /// <summary>Keeps the one worker busy until the gate is opened.</summary>
    private async Task<Task<bool>> OccupyAsync()
    {
        var started = new TaskCompletionSource();
        var job = _workers.TryRunAsync(default, () =>
        {
            started.SetResult();
            _open.Wait();
        });
        await started.Task;
        return job;
    }

    private Task<bool> RunAsync(ulong caller, VerificationKind kind, string name, List<string> done) =>
        _workers.TryRunAsync(new(caller, kind), () => done.Add(name));
}
