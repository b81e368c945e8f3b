using System.Diagnostics;
using Pbts.Local;

namespace Pbts.Experiments;

/// <summary>A tracker and a chain of one's own for as long as it is measured, and real transfers.</summary>
internal sealed class Surroundings : IAsyncDisposable
{
    private static readonly string[] ForTracker = ["latency", "overhead", "scalability", "gas"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pbts-experiments-");
    private TemporaryTracker? _tracker;

    /// <summary>Makes what the experiments need and are not given; what cannot be made they skip, and say why.</summary>
    public async Task<Settings> PrepareAsync(Settings settings)
    {
        settings = await MeasureTransfersAsync(settings);
        if (settings.Tracker is not null)
            return settings with { NoChain = "the tracker is not ours (--tracker-url), nor is its chain" };
        return settings.Wants(ForTracker) ? await StartTrackerAsync(settings) : settings;
    }

    public async ValueTask DisposeAsync()
    {
        if (_tracker is not null)
            await _tracker.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<Settings> StartTrackerAsync(Settings settings)
    {
        // What the user runs otherwise is not touched: neither a database nor a chain of theirs.
        foreach (var name in (string[])["PBTS_DATABASE", "PBTS_ADMIN_TOKEN", "RPC", "PK0", "FACTORY", "REPUTATION_ADDRESS"])
            Environment.SetEnvironmentVariable(name, null);
        if (Given("TEE_MODE") is null && (Given("DSTACK_SIMULATOR_ENDPOINT") is not null || File.Exists("/var/run/dstack.sock")))
            Environment.SetEnvironmentVariable("TEE_MODE", "enabled");
        try
        {
            Installed.Foundry("anvil");
        }
        catch (LocalException e)
        {
            settings = settings with { NoChain = $"no chain: {e.Message}" };
            return await StartTrackerAsync(settings, chain: false);
        }

        settings = await StartTrackerAsync(settings, chain: true);
        return _tracker is null ? settings : settings with { Chain = new(_tracker.ChainUrl) };
    }

    private async Task<Settings> StartTrackerAsync(Settings settings, bool chain)
    {
        try
        {
            // Attested registrations are measured also where nobody has Intel's collateral.
            _tracker = await TemporaryTracker.StartAsync(chain: chain, settings: [("MIN_RATIO", "0"), ("Tee__AcceptedTcb", Given("Tee__AcceptedTcb") ?? "UpToDate,Unknown")]);
            return settings with { Tracker = new(_tracker.Url) };
        }
        catch (LocalException e)
        {
            return settings with { NoTracker = $"the tracker did not start: {e.Message}" };
        }
    }

    private async Task<Settings> MeasureTransfersAsync(Settings settings)
    {
        if (!settings.Wants("download"))
            return settings with { NoTransfers = "download was not asked for" };
        if (settings.Quick)
            return settings with { NoTransfers = "--quick leaves them out, they take minutes: ./pbts bench transfer --quick" };
        Console.WriteLine("==> Measuring real transfers (./pbts bench transfer --quick)");
        var file = Path.Combine(_folder.FullName, "transfer.json");
        using var bench = Process.Start(new ProcessStartInfo(Clone.Script, ["bench", "transfer", "--quick", "--json", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (bench.StandardOutput.ReadToEndAsync(), bench.StandardError.ReadToEndAsync());
        await bench.WaitForExitAsync();
        return bench.ExitCode == 0 && File.Exists(file) ? settings with { Transfers = file }
            : settings with { NoTransfers = $"./pbts bench transfer did not work: {(await output + await errors).TrimEnd().Split('\n')[^1]}" };
    }

    private static string? Given(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;
}
