using System.Diagnostics;

namespace Pbts.Mutants;

/// <summary>A copy of the clone, in which the changes are made and built: nothing of them comes near the product.</summary>
internal static class Tree
{
    /// <summary>Where the tests are built to, within a clone.</summary>
    public const string TestsOutput = "tests/tracker/bin/Release/net10.0";

    /// <summary>Brings the copy up to what the clone has, but for files that are given changed. What is as it was stays, and need not be built again.</summary>
    public static void Copy(string root, string tree, IReadOnlyDictionary<string, string> changed)
    {
        foreach (var file in Output(root, "git", "ls-files", "--cached", "--others", "--exclude-standard").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (from, to) = (Path.Combine(root, file), Path.Combine(tree, file));
            if (!File.Exists(from))
                continue;
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            var text = changed.TryGetValue(file, out var mutated) ? System.Text.Encoding.UTF8.GetBytes(mutated) : File.ReadAllBytes(from);
            if (File.Exists(to) && File.ReadAllBytes(to).AsSpan().SequenceEqual(text))
                continue;
            File.WriteAllBytes(to, text);
            File.SetUnixFileMode(to, File.GetUnixFileMode(from));
        }

        foreach (var modules in Directory.GetDirectories(root, "node_modules", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3, AttributesToSkip = FileAttributes.Hidden }))
        {
            var link = Path.Combine(tree, Path.GetRelativePath(root, modules));
            if (!Directory.Exists(link))
                Directory.CreateSymbolicLink(link, modules);
        }
    }

    /// <summary>Builds the tests of the copy, and puts this program beside them to run them.</summary>
    public static void Build(string tree)
    {
        Output(tree, "dotnet", "build", "tests/tracker", "-c", "Release", "--nologo", "-v", "quiet", "-nodeReuse:false",
            "-p:UseSharedCompilation=false", "-p:RunAnalyzers=false", "-p:EnforceCodeStyleInBuild=false", "-p:TreatWarningsAsErrors=false", "-p:WarningLevel=0");
        var self = typeof(Tree).Assembly.Location;
        File.Copy(self, Path.Combine(tree, TestsOutput, Path.GetFileName(self)), overwrite: true);
    }

    private static string Output(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}:\n{output}");
    }
}
