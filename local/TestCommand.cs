using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;

namespace Pbts.Local;

/// <summary>
/// <c>./pbts test</c>: every test, .NET's against the real PostgreSQL, chain and clients, and the contracts' own. The script
/// has installed what they need. The last line is "N passed, N failed".
/// </summary>
public sealed class TestCommand : IDisposable
{
    /// <summary>Chaos and what one stranger can do are commands of their own.</summary>
    private const string Ordinary = "Category!=Chaos&Category!=Load";

    /// <summary>No compiler or MSBuild process stays behind.</summary>
    private static readonly string[] Build = ["-c", "Release", "--nologo", "-v", "quiet", "-nodeReuse:false", "-p:UseSharedCompilation=false"];

    private readonly DirectoryInfo _results = Directory.CreateTempSubdirectory("pbts-test-");
    private int _passed;
    private int _failed;

    private TestCommand()
    {
    }

    /// <summary>Runs it and gives the exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments)
    {
        var (filter, slow) = Parse(arguments);
        using var command = new TestCommand();
        return await command.RunAsync(filter, slow);
    }

    /// <summary><c>./pbts chaos</c>: kills silos and restarts the database under load and counts what went wrong; its figures are printed.</summary>
    public static async Task<int> ChaosAsync(string[] arguments)
    {
        const int fewest = 3, most = 10_000;
        var environment = new Dictionary<string, string> { ["PBTS_CHAOS_MINUTES"] = $"{fewest}" };
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            switch (arguments[i])
            {
                case "--minutes" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) && minutes is >= fewest and <= most:
                    environment["PBTS_CHAOS_MINUTES"] = value;
                    break;
                case "--minutes":
                    throw new LocalException($"--minutes must be a number from {fewest} to {most}, not {value}");
                case "--json":
                    environment["PBTS_CHAOS_JSON"] = value.Length > 0 ? Path.GetFullPath(value) : throw new LocalException("--json needs a file");
                    break;
                default:
                    throw new LocalException($"unknown option {arguments[i]} (./pbts chaos [--minutes 3] [--json FILE])");
            }
        }

        return await CategoryAsync("Chaos", environment);
    }

    /// <summary><c>./pbts bench stranger</c>: what one address can do to the others at its worst, each way by itself; its figures are printed.</summary>
    public static Task<int> StrangerAsync(string[] arguments) =>
        arguments is [] ? CategoryAsync("Load", []) : throw new LocalException("./pbts bench stranger takes no options");

    private static async Task<int> CategoryAsync(string category, Dictionary<string, string> environment)
    {
        var tests = Path.Combine(Clone.Root, "tests", "tracker");
        Console.WriteLine("==> Building the tests (Release)");
        if (await RunAsync("dotnet", ["build", tests, .. Build]) != 0)
            throw new LocalException("the build failed, see above");
        return await RunAsync("dotnet", ["test", tests, "-c", "Release", "--no-build", "--nologo", "--filter", $"Category={category}", "--logger", "console;verbosity=detailed"],
            [.. environment.Select(variable => (variable.Key, variable.Value))]);
    }

    public void Dispose() => _results.Delete(recursive: true);

    private static (string? Filter, bool Slow) Parse(string[] arguments)
    {
        var (filter, slow) = ((string?)null, false);
        for (var i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "--slow")
                slow = true;
            else if (arguments[i].StartsWith("--filter=", StringComparison.Ordinal))
                filter = arguments[i]["--filter=".Length..];
            else if (arguments[i] == "--filter")
                filter = i + 1 < arguments.Length ? arguments[++i] : throw new LocalException("--filter needs an expression");
            else
                throw new LocalException($"unknown option {arguments[i]} (./pbts test [--slow] [--filter EXPRESSION])");
        }

        return (filter, slow);
    }

    private async Task<int> RunAsync(string? given, bool slow)
    {
        // A filter of one's own may ask for slow tests by name.
        var filter = given is not null ? $"({given})&{Ordinary}" : slow ? Ordinary : $"{Ordinary}&suite!=slow";
        // Whoever names tests gets to see what they measured.
        var verbosity = given is null ? "minimal" : "detailed";
        Console.WriteLine("==> Building everything (Release)");
        if (await RunAsync("dotnet", ["build", Path.Combine(Clone.Root, "Pbts.sln"), .. Build]) == 0)
        {
            await DotnetAsync("protocol", "protocol", filter, verbosity);
            // Machines without AVX-512 verify signatures in another way: both are tested everywhere.
            await DotnetAsync("protocol", "protocol-without-avx512", $"({filter})&FullyQualifiedName~.Bls.", verbosity, ("DOTNET_EnableAVX512", "0"));
            await DotnetAsync("tracker", "tracker", filter, verbosity);
        }
        else
        {
            Console.WriteLine("The build failed: counted as one failed test.");
            _failed++;
        }

        if (given is null)
            await SolidityAsync();
        if (_passed + _failed == 0)
            Console.WriteLine("No test ran.");
        Console.WriteLine($"{_passed} passed, {_failed} failed");
        return _failed == 0 && _passed > 0 ? 0 : 1;
    }

    /// <summary>A test that did not run and a test host that died count as failures.</summary>
    private async Task DotnetAsync(string project, string name, string filter, string verbosity, params (string, string)[] environment)
    {
        Console.WriteLine($"==> Testing tests/{project}");
        var code = await RunAsync("dotnet", ["test", Path.Combine(Clone.Root, "tests", project), "-c", "Release", "--no-build", "--nologo", "--results-directory", _results.FullName,
            "--logger", $"trx;LogFileName={name}.trx", "--logger", $"console;verbosity={verbosity}", "--blame-hang-timeout", "12m", "--blame-hang-dump-type", "none", "--filter", filter], environment);
        var results = Path.Combine(_results.FullName, $"{name}.trx");
        var counters = File.Exists(results) ? XDocument.Load(results).Descendants().FirstOrDefault(element => element.Name.LocalName == "Counters") : null;
        var (total, passed) = (Count("total"), Count("passed"));
        (_passed, _failed) = (_passed + passed, _failed + total - passed);
        if (code == 0 || total != passed)
            return;
        Console.WriteLine($"tests/{project}: the test run itself failed (exit code {code}), counted as one failed test");
        _failed++;

        int Count(string attribute) => int.TryParse(counters?.Attribute(attribute)?.Value, CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    private async Task SolidityAsync()
    {
        Console.WriteLine("==> Testing solidity");
        using var forge = Process.Start(new ProcessStartInfo(Installed.Foundry("forge"), ["test", "--json"])
        {
            WorkingDirectory = Path.Combine(Clone.Root, "solidity"), RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var errors = forge.StandardError.ReadToEndAsync();
        var output = await forge.StandardOutput.ReadToEndAsync();
        await forge.WaitForExitAsync();
        var (passed, failed) = (0, 0);
        if (output.Split('\n').LastOrDefault(line => line.StartsWith('{')) is not { } json)
        {
            Console.WriteLine($"{await errors}\n{output}\nforge ended without results, counted as one failed test");
            _failed++;
            return;
        }

        foreach (var suite in JsonDocument.Parse(json).RootElement.EnumerateObject())
        {
            foreach (var test in suite.Value.GetProperty("test_results").EnumerateObject())
            {
                if (test.Value.GetProperty("status").GetString() == "Success")
                {
                    passed++;
                    continue;
                }

                failed++;
                await Console.Error.WriteLineAsync($"failed: {suite.Name} {test.Name}: {(test.Value.TryGetProperty("reason", out var reason) ? reason : test.Value.GetProperty("status"))}");
            }
        }

        Console.WriteLine($"solidity: {passed} passed, {failed} failed");
        (_passed, _failed) = (_passed + passed, _failed + failed);
    }

    private static async Task<int> RunAsync(string program, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
