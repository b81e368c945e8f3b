using System.Diagnostics;
using System.Text.RegularExpressions;
using Pbts.Local;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>Alerts, what they fire on, and what to do then.</summary>
public sealed partial class RunbookTests
{
    private static readonly string[] Rules = ["deploy/alerts.yaml", "deploy/slo.yaml"];

    [Fact]
    public void Every_alert_has_a_runbook_and_a_case_in_which_it_fires_and_one_in_which_it_does_not()
    {
        var alerts = Rules.SelectMany(file => Alert().Matches(Read(file)).Select(match => (Name: match.Groups[1].Value, Text: match.Value))).ToArray();
        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"runbook: \"docs/runbooks.md#{alert.Name.ToLowerInvariant()}\"", alert.Text, StringComparison.Ordinal));
        var sections = Section().Matches(Read("docs/runbooks.md")).Select(match => match.Groups[1].Value);
        Assert.Equal(alerts.Select(alert => alert.Name).Order(StringComparer.Ordinal), sections.Order(StringComparer.Ordinal));

        var cases = Case().Matches(Read("tests/alerts/rules.yaml")).Select(match => (Name: match.Groups[1].Value, Fires: match.Groups[2].Success)).ToHashSet();
        foreach (var (name, _) in alerts)
        {
            Assert.Contains((name, true), cases);
            Assert.Contains((name, false), cases);
        }
    }

    [Theory]
    [InlineData("check", "rules", "deploy/alerts.yaml", "deploy/slo.yaml")]
    [InlineData("test", "rules", "tests/alerts/rules.yaml")]
    public async Task Prometheus_takes_the_rules_and_they_fire_when_they_should(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("promtool", arguments) { WorkingDirectory = Clone.Root, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{output}\n{await error}");
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Clone.Root, file));

    [GeneratedRegex(@"- alert: (\w+)\n(?:(?!      - alert:|  - name:).*\n)*", RegexOptions.Multiline)]
    private static partial Regex Alert();

    [GeneratedRegex(@"^## (Pbts\w+)$", RegexOptions.Multiline)]
    private static partial Regex Section();

    [GeneratedRegex("""ALERTS\{alertname="(\w+)", alertstate="firing"\}\)'\n +eval_time: \w+\n( +exp_samples:)?""")]
    private static partial Regex Case();
}
