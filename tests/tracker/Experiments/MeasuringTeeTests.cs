using Pbts.Experiments;
using Pbts.Experiments.Parts;
using Pbts.Protocol.Dstack;
using Pbts.Tracker.Tests.Tee;

namespace Pbts.Tracker.Tests.Experiments;

/// <summary>What a machine with a TEE would run, with a stand-in of the agent and a tracker that uses it.</summary>
public sealed class MeasuringTeeTests(TrustedNode trusted) : IClassFixture<TrustedNode>, IDisposable
{
    private static readonly Settings Small = new() { Iterations = 5, Duration = 1, Output = Path.GetTempPath(), Quick = true };

    private readonly PlainProgress _progress = new(TextWriter.Null);

    public void Dispose() => (trusted.Agent.Debug, trusted.Agent.Instead) = (false, _ => null);

    [Fact]
    public async Task With_an_agent_the_TEEs_parts_are_measured_and_marked_as_a_simulators()
    {
        var run = new ExperimentRun(Small with { Agent = trusted.Agent.Socket, Tracker = trusted.Node.Url }, _progress);
        await new LatencyExperiment().RunAsync(run);
        foreach (var name in new[] { "key generation, TEE-derived", "attestation generation", "registration with an attestation, end to end" })
        {
            var finding = run.Find("latency", name);
            Assert.InRange(finding?.Summary?.Count ?? 0, Small.Fewest, Small.Iterations);
            Assert.Contains("simulator", finding!.Note!, StringComparison.Ordinal);
        }

        // Every key and every quote was asked for anew.
        string[] Asked(string method) => [.. trusted.Agent.Calls.Where(call => call.Method == method).Select(call => call.Body.ToJsonString()).Where(body => !body.Contains(TeeKeys.TrackerPath, StringComparison.Ordinal))];
        Assert.Distinct(Asked("GetKey"));
        Assert.Distinct(Asked("GetQuote"));
        Assert.True(Asked("GetKey").Length > 2 * Small.Fewest);

        // Nobody signed this platform's certificates.
        var own = run.Findings.Single(finding => finding.Name == "attestation verification, own quote");
        Assert.Equal(Outcome.Skipped, own.Outcome);
        Assert.Contains("not accepted", own.Reason!, StringComparison.Ordinal);
        Assert.DoesNotContain(run.Findings, finding => finding.Outcome == Outcome.Failed);
    }

    /// <summary>What the tracker refuses is not measured, and the reason says what it refused.</summary>
    [Fact]
    public async Task Attested_registrations_the_tracker_refuses_are_skipped_with_its_reason()
    {
        trusted.Agent.Debug = true;
        var run = new ExperimentRun(Small with { Agent = trusted.Agent.Socket, Tracker = trusted.Node.Url }, _progress);
        await new LatencyExperiment().RunAsync(run);
        var skipped = run.Findings.Single(finding => finding.Name == "registration with an attestation, end to end");
        Assert.Equal(Outcome.Skipped, skipped.Outcome);
        Assert.Contains("Invalid attestation: debug", skipped.Reason!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trackers_TEE_duties_are_measured_over_HTTP()
    {
        var run = new ExperimentRun(Small with { Agent = trusted.Agent.Socket, Tracker = trusted.Node.Url }, _progress);
        await new OverheadExperiment().RunAsync(run);
        foreach (var name in new[] { "key generation, TEE-derived", "attestation" })
            Assert.InRange(run.Find("overhead", name)?.Summary?.Count ?? 0, Small.Fewest, Small.Iterations);
        Assert.DoesNotContain(run.Findings, finding => finding.Outcome == Outcome.Failed);

        // Where it does not work the tracker's reason is given.
        trusted.Agent.Instead = method => method == "GetQuote" ? Microsoft.AspNetCore.Http.Results.StatusCode(500) : null;
        var broken = new ExperimentRun(Small with { Agent = trusted.Agent.Socket, Tracker = trusted.Node.Url }, _progress);
        await new OverheadExperiment().RunAsync(broken);
        Assert.Contains("503", broken.Findings.Single(finding => finding.Name == "attestation").Reason!, StringComparison.Ordinal);
    }
}
