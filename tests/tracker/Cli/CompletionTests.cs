using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Pbts.Tracker.Tests.Cli;

/// <summary>The completion script in a real bash, with the real command.</summary>
public sealed partial class CompletionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-completion").FullName;

    /// <summary>Where the command notes how it was called.</summary>
    private string Calls => Path.Combine(_folder, "calls");

    public CompletionTests()
    {
        var pbts = Path.Combine(_folder, "pbts");
        File.WriteAllText(pbts, $"#!/bin/sh\necho \"<$*>\" >>'{Calls}'\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "Pbts.Cli.dll")}' \"$@\"\n");
        File.SetUnixFileMode(pbts, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(Path.Combine(_folder, "movie one.torrent"), "");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Verbs_options_and_values_complete_and_files_are_left_to_bash()
    {
        (string Line, string Expected)[] cases =
        [
            ("pbts re", "register report"),
            ("./pbts tor", "torrent"),
            ($"{_folder}/pbts migrate s", "show start"),
            ("pbts torrent ", "create publish show"),
            ("pbts invite ", "create list revoke"),
            ("pbts contract re", "register revoke"),
            ("pbts torrent create --", "--help --json --out --piece-length --public --publish --tracker"),
            ("pbts seed x.torrent --da", "--data"),
            ("pbts user alice --tr", "--tracker"),
            ("pbts announce x --event ", "completed paused started stopped"),
            ("pbts completion ", "bash zsh"),
            ("pbts ro", "rolling-restart"),
            ("pbts up --si", "--silos"),
            ("pbts bench tr", "trust transfer"),
            // Nothing of ours fits, so that bash completes a file name.
            ("pbts seed ", ""),
            ("pbts seed mov", ""),
            ("pbts torrent show --json ", ""),
            ("pbts get x.torrent --key ", ""),
            ("pbts report --file ", ""),
        ];
        var script = new List<string> { "source <(pbts completion bash)", "complete -p pbts" };
        foreach (var (line, _) in cases)
        {
            var words = line.Split(' ');
            script.Add($"COMP_WORDS=({string.Join(' ', words.Select(w => $"'{w}'"))}) COMP_CWORD={words.Length - 1} COMP_LINE='{line}' COMP_POINT={line.Length}");
            script.Add("COMPREPLY=(); _pbts; echo \"${COMPREPLY[*]}\"");
        }
        var output = (await RunAsync("bash", ["--norc", "-c", string.Join('\n', script)], "")).Split('\n');
        Assert.Equal("complete -o default -F _pbts pbts", output[0]);
        Assert.Equal(cases.Select(c => $"{c.Line} -> {c.Expected}"), cases.Select((c, i) => $"{c.Line} -> {output[i + 1]}"));
    }

    [Fact]
    public async Task A_key_press_in_an_interactive_bash_completes_the_verb_and_the_file()
    {
        // script(1) gives bash a terminal; the tabulators are key presses.
        await RunAsync("script", ["-qec", "bash --norc --noprofile -i", "/dev/null"], "source <(pbts completion bash)\npbts torr\tsho\tmov\t--js\t\nexit 0\n");
        Assert.Contains("<torrent show movie one.torrent --json>", await File.ReadAllLinesAsync(Calls));
    }

    [Fact]
    public async Task Every_verb_of_the_script_itself_is_known()
    {
        var completion = await RunAsync("pbts", ["completion", "bash"], "");
        // Those that the script and its processes call each other by are nobody else's.
        var script = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "pbts.sh"));
        var own = OwnVerbs().Match(completion).Groups[1].Value.Split(' ').Order();
        Assert.Equal(Verbs().Matches(script).SelectMany(m => m.Groups[1].Value.Split(" | ")).Where(verb => verb[0] != '-' && verb is not ("keep" or "need")).Order(), own);
        Assert.Equal(Benchmarks().Matches(script).SelectMany(m => m.Groups[1].Value.Split(" | ")).Distinct().Order(), BenchmarkWords().Match(completion).Groups[1].Value.Split(' ').Order());
    }

    private async Task<string> RunAsync(string program, string[] arguments, string input)
    {
        var start = new ProcessStartInfo(program == "pbts" ? Path.Combine(_folder, program) : program, arguments)
        {
            WorkingDirectory = _folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{_folder}:{start.Environment["PATH"]}";
        start.Environment["TERM"] = "dumb";
        start.Environment["COLUMNS"] = "400";
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.StandardInput.WriteAsync(input);
        await process.StandardInput.FlushAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} did not end: {await output}\n{await error}");
        }
        Assert.True(process.ExitCode == 0, $"{program}: exit code {process.ExitCode}\n{await output}\n{await error}");
        return await output;
    }

    [GeneratedRegex("own='([^']*)'")]
    private static partial Regex OwnVerbs();

    [GeneratedRegex("bench\\) words='([^']*)'")]
    private static partial Regex BenchmarkWords();

    /// <summary>The benchmarks of which the script's help tells.</summary>
    [GeneratedRegex("^  \\./pbts bench ([a-z]+(?: \\| [a-z]+)*)", RegexOptions.Multiline)]
    private static partial Regex Benchmarks();

    /// <summary>The cases of the script's outermost choice.</summary>
    [GeneratedRegex("^    ([a-z-]+(?: \\| [-a-z]+)*)\\)", RegexOptions.Multiline)]
    private static partial Regex Verbs();
}
