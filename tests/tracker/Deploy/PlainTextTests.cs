using System.Text.RegularExpressions;
using Pbts.Local;

namespace Pbts.Tracker.Tests.Deploy;

/// <summary>No example has another machine send its passkey, or its token, in plain text.</summary>
public sealed partial class PlainTextTests
{
    [Fact]
    public void Examples_for_other_machines_have_https()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Clone.Root, "docs"), "*.md"), .. Directory.EnumerateFiles(Path.Combine(Clone.Root, "deploy"), "*", SearchOption.AllDirectories),
            .. ((string[])["README.md", ".env.example", "compose.yaml", "cli/Commands/Examples.cs", "pbts"]).Select(file => Path.Combine(Clone.Root, file))];
        Assert.Empty(files.SelectMany(file => Examples().Matches(File.ReadAllText(file)).Select(match => $"{Path.GetRelativePath(Clone.Root, file)}: {match.Value}")));
        // The compose file without a certificate is for its machine alone.
        var compose = File.ReadAllText(Path.Combine(Clone.Root, "compose.yaml"));
        Assert.All(Published().Matches(compose).AsEnumerable(), match => Assert.StartsWith("127.0.0.1:", match.Groups[1].Value, StringComparison.Ordinal));
        Assert.DoesNotContain("targetPort: http,", File.ReadAllText(Path.Combine(Clone.Root, "deploy", "kubernetes", "apis.yaml")), StringComparison.Ordinal);
    }

    /// <summary>A tracker by name, and addresses that are listened at for everybody and are not within a container.</summary>
    [GeneratedRegex(@"http://(?!127\.0\.0\.1|localhost|\[::1\])[^\s`'""]*(example|/announce)[^\s`'""]*|http://\[::\]:\d+' dotnet")]
    private static partial Regex Examples();

    [GeneratedRegex(@"ports:\s(?:\s+#.*\s)*\s+- ""([^""]*)""")]
    private static partial Regex Published();
}
