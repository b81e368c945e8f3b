using System.Diagnostics;
using Pbts.Local;

namespace Pbts.Tracker.Tests.Support;

/// <summary>A clone and its <c>./pbts</c>: this one, or an older version of it, taken from the history into a folder of its own.</summary>
internal sealed class ClonedVersion : IDisposable
{
    private ClonedVersion(string root) => Root = root;

    public static ClonedVersion This { get; } = new(Clone.Root);

    public string Root { get; }

    /// <summary>The version as it was committed. Nothing of it is built.</summary>
    public static async Task<ClonedVersion> CheckOutAsync(string commit)
    {
        var known = await RunAsync(new("git", ["-C", Clone.Root, "cat-file", "-e", commit + "^{commit}"]));
        Assert.True(known.ExitCode == 0, $"Commit {commit} is not in the history of {Clone.Root}: git fetch --unshallow brings it ({known.Output.Trim()})");
        var version = new ClonedVersion(Directory.CreateTempSubdirectory("pbts-old-").FullName);
        var taken = await RunAsync(new("bash", ["-c", "set -o pipefail; git -C \"$1\" archive \"$2\" | tar -x -C \"$3\"", "bash", Clone.Root, commit, version.Root]));
        Assert.True(taken.ExitCode == 0, taken.Output);
        return version;
    }

    /// <summary>Runs <c>./pbts</c>, which builds first what it needs.</summary>
    public async Task<string> RunAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var (code, output) = await TryAsync(environment, arguments);
        Assert.True(code == 0, $"./pbts {string.Join(' ', arguments)}: {output}");
        return output;
    }

    /// <summary>The same for what may fail.</summary>
    public Task<(int ExitCode, string Output)> TryAsync(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Root, "pbts"), arguments);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return RunAsync(start);
    }

    /// <summary>Runs a program to its end; its output is what it and its errors say.</summary>
    private static async Task<(int ExitCode, string Output)> RunAsync(ProcessStartInfo start)
    {
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, output + await errors);
    }

    public void Dispose()
    {
        if (Root != Clone.Root)
            Directory.Delete(Root, recursive: true);
    }
}
