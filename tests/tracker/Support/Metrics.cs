using System.Globalization;
using System.Text.RegularExpressions;

namespace Pbts.Tracker.Tests.Support;

/// <summary>What a process's <c>/metrics</c> says at one moment.</summary>
internal sealed partial class Metrics
{
    private readonly List<(string Name, string Labels, double Value)> _samples = [];

    private Metrics(string text)
    {
        foreach (Match line in Line().Matches(text))
            _samples.Add((line.Groups["name"].Value, line.Groups["labels"].Value, double.Parse(line.Groups["value"].Value, CultureInfo.InvariantCulture)));
    }

    public IEnumerable<string> Names => _samples.Select(sample => sample.Name).Distinct();

    public static async Task<Metrics> ReadAsync(NodeProcess process)
    {
        // The exporter says again what it said within the last 300 ms.
        await Task.Delay(350);
        using var client = new HttpClient();
        return new(await client.GetStringAsync(new Uri(process.Management, "/metrics")));
    }

    /// <summary>The one sample of this name that has all the labels, each as <c>name="value"</c>.</summary>
    public double Value(string name, params string[] labels) =>
        _samples.Single(sample => sample.Name == name && labels.All(label => Has(sample.Labels, label))).Value;

    /// <summary>The sum of all samples of this name.</summary>
    public double Sum(string name) => _samples.Where(sample => sample.Name == name).Sum(sample => sample.Value);

    /// <summary>Whether any sample of this name has the label.</summary>
    public bool Any(string name, string label) => _samples.Any(sample => sample.Name == name && Has(sample.Labels, label));

    private static bool Has(string labels, string label) => $",{labels},".Contains($",{label},", StringComparison.Ordinal);

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][\w:]*)(\{(?<labels>.*)\})? (?<value>\S+)""", RegexOptions.Multiline)]
    private static partial Regex Line();
}
