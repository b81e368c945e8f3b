using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Pbts.Local.Processes;

namespace Pbts.Tracker.Tests.Support;

/// <summary>The <c>pbts</c> command as a process of its own.</summary>
internal sealed class CliProcess : IAsyncDisposable
{
    // As it is built by itself: beside the tests' other programs lie libraries for those alone.
    public static readonly string Program = Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../../../cli/bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "Pbts.Cli.dll"));

    private readonly Process _process;
    private readonly string _command;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private CliProcess(ProcessStartInfo start, string command)
    {
        _command = command;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => _process.Send(Signal.Kill);
    }

    public string Error
    {
        get
        {
            lock (_error)
                return $"{_command}\n{_error}";
        }
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>The most memory it has had in use; 0 once it has ended.</summary>
    public long PeakBytes
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.PeakWorkingSet64;
        }
    }

    public static CliProcess Start(params string[] args) => Start(null, [], args);

    /// <summary>Starts the command, inside a network namespace when there is one.</summary>
    public static CliProcess Start(TestNetwork.Host? host, (string Name, string Value)[] environment, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet", [Program, .. args]) { WorkingDirectory = Path.GetTempPath() };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new CliProcess(host?.Inside(start) ?? start, string.Join(' ', args));
    }

    /// <summary>Waits for success and gives the JSON that was printed.</summary>
    public async Task<JsonElement> SucceedAsync(TimeSpan patience)
    {
        var exitCode = await ExitAsync(patience);
        Assert.True(exitCode == 0, $"exit code {exitCode}: {Error}");
        return JsonSerializer.Deserialize<JsonElement>(Output);
    }

    public async Task<int> ExitAsync(TimeSpan patience)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"still running after {patience}: {Error}");
        }
        return _process.ExitCode;
    }

    /// <summary>Ends it as Ctrl-C or an operator would (SIGTERM) and gives its JSON.</summary>
    public Task<JsonElement> StopAsync(TimeSpan patience)
    {
        _process.Send(Signal.Terminate);
        return SucceedAsync(patience);
    }

    /// <summary>Ends it as Ctrl-C or an operator would (SIGTERM) and gives the exit code.</summary>
    public Task<int> EndAsync(TimeSpan patience)
    {
        _process.Send(Signal.Terminate);
        return ExitAsync(patience);
    }

    /// <summary>Ends it at once (SIGKILL).</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await _process.WaitForExitAsync();
    }

    /// <summary>Lets it stay where it is (SIGSTOP), as a machine that sleeps.</summary>
    public void Suspend() => _process.Send(Signal.Stop);

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private static void Keep(StringBuilder text, string? line)
    {
        lock (text)
            text.Append(line).Append('\n');
    }
}
