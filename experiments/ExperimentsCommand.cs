using System.CommandLine;
using System.CommandLine.Help;
using Pbts.Experiments.Output;
using Pbts.Experiments.Parts;

namespace Pbts.Experiments;

/// <summary><c>./pbts experiments</c>.</summary>
internal static class ExperimentsCommand
{
    private static readonly IExperiment[] All =
    [
        new LatencyExperiment(), new ThroughputExperiment(), new ReceiptsExperiment(), new DownloadExperiment(),
        new OverheadExperiment(), new ScalabilityExperiment(), new GasExperiment(),
    ];

    /// <summary>What <c>./pbts bench transfer --quick</c> takes.</summary>
    private const double SecondsOfTransfers = 300;

    /// <summary>Exit code 0: all that could run ran and answered rightly; 1: a measurement failed; 2: wrong options.</summary>
    public static Task<int> RunAsync(string[] words, TextWriter output, TextWriter errors)
    {
        var iterations = Option("--iterations", "N", "Most samples of a measurement (1000; with --quick 20).");
        var duration = Option("--duration", "SECONDS", "Seconds of throughput for each operation, over all numbers of threads (60; with --quick 2).");
        var folder = new Option<string>("--output") { Description = "Folder for the results.", HelpName = "DIR", DefaultValueFactory = _ => Path.Combine("experiments", "results") };
        var only = new Option<string?>("--only") { Description = "Run these alone, by name, separated by commas.", HelpName = "NAME,…" };
        var quick = new Option<bool>("--quick") { Description = "Small sizes and few samples, to see whether it works: under two minutes." };
        var tracker = new Option<string?>("--tracker-url") { Description = "Measure this running tracker instead of a private one. It needs Receipts:ReportRate=0, Receipts:VerificationRate=0 and Tracker:AnnounceRate=0.", HelpName = "URL" };
        // The script in front of this program takes the load before it builds anything; and tells how long it takes, to be asked by tests.
        var (load, check) = (new Option<double?>("--load") { Hidden = true }, new Option<bool>("--check") { Hidden = true });
        iterations.Validators.Add(Positive);
        duration.Validators.Add(Positive);
        only.Validators.Add(result =>
        {
            if (Names(result.GetValueOrDefault<string?>()).Except(All.Select(experiment => experiment.Name)).FirstOrDefault() is { } unknown)
                result.AddError($"--only: there is no experiment {unknown}; there are {string.Join(", ", All.Select(experiment => experiment.Name))}");
        });
        tracker.Validators.Add(result =>
        {
            if (!Uri.TryCreate(result.GetValueOrDefault<string?>(), UriKind.Absolute, out var url) || url.Scheme != "http")
                result.AddError("--tracker-url must be an http URL");
        });
        var command = new RootCommand("Measure what receipts, the tracker and the contract cost, and write tables and plots for a paper.\n\nExperiments:\n"
            + string.Join('\n', All.Select(experiment => $"  {experiment.Name,-12} {experiment.Description}")))
        {
            iterations, duration, folder, only, quick, tracker, load, check,
        };
        foreach (var version in command.Options.OfType<VersionOption>().ToArray())
            command.Options.Remove(version);
        command.SetAction(async (parsed, _) =>
        {
            var isQuick = parsed.GetValue(quick);
            var settings = new Settings
            {
                Iterations = parsed.GetValue(iterations) ?? (isQuick ? 20 : 1000),
                Duration = parsed.GetValue(duration) ?? (isQuick ? 2 : 60),
                Output = Path.GetFullPath(parsed.GetValue(folder)!),
                Only = Names(parsed.GetValue(only)),
                Quick = isQuick,
                Tracker = parsed.GetValue(tracker) is { } url ? new Uri(url) : null,
                Agent = Environment.GetEnvironmentVariable("DSTACK_SIMULATOR_ENDPOINT") ?? "",
            };
            if (parsed.GetValue(check))
            {
                await output.WriteLineAsync(Estimate(settings));
                return 0;
            }

            var machine = Machine.Read(parsed.GetValue(load));
            await output.WriteLineAsync(Estimate(settings));
            await using var surroundings = new Surroundings();
            return await MeasureAsync(await surroundings.PrepareAsync(settings), machine, output, errors);
        });
        return command.Parse(words).InvokeAsync(new InvocationConfiguration { Output = output, Error = errors });
    }

    /// <summary>How long the whole command takes, with the real transfers.</summary>
    private static string Estimate(Settings settings)
    {
        var transfers = settings.Quick || !settings.Wants("download") ? 0 : SecondsOfTransfers;
        var seconds = transfers + Chosen(settings).Sum(experiment => experiment.ExpectedSeconds(settings));
        return $"This takes about {Format.Time(seconds)}{(transfers > 0 ? $", of which real transfers {Format.Time(transfers)}" : "")}; --only, a smaller --duration or --quick shorten it.";
    }

    private static IExperiment[] Chosen(Settings settings) => [.. All.Where(experiment => settings.Only.Count == 0 || settings.Only.Contains(experiment.Name))];

    private static async Task<int> MeasureAsync(Settings settings, Machine machine, TextWriter output, TextWriter errors)
    {
        try
        {
            Directory.CreateDirectory(settings.Output);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await errors.WriteLineAsync($"--output: {e.Message}");
            return 2;
        }

        var (began, time) = (DateTimeOffset.UtcNow, Machine.ReadTime());
        IReadOnlyList<Finding> findings = [];
        async Task Work(IProgressView view)
        {
            var run = new ExperimentRun(settings, view);
            await run.RunAsync(Chosen(settings));
            findings = run.Findings;
        }

        if (Spectre.Console.AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected)
            await BarProgress.RunAsync(Work);
        else
            await Work(new PlainProgress(output));
        var results = new Results(began, (DateTimeOffset.UtcNow - began).TotalSeconds, settings, machine.Since(time), findings);
        var files = await ResultFiles.WriteAsync(results);
        await output.WriteLineAsync($"\n{TextReport.Write(results)}\n{files.Count} files in {settings.Output}, index.html shows them all");
        foreach (var failed in results.Failed)
            await errors.WriteLineAsync($"{failed.Part}, {failed.Title}: {failed.Reason}");
        return results.Failed.Any() ? 1 : 0;
    }

    private static string[] Names(string? list) => list?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static void Positive(System.CommandLine.Parsing.OptionResult result)
    {
        if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out var number) && number is > 0 and <= 1_000_000))
            result.AddError($"{result.Option.Name} must be a number from 1 to 1000000, not {result.Tokens[0].Value}");
    }

    private static Option<int?> Option(string name, string help, string description) => new(name) { Description = description, HelpName = help };
}
