using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>Three silos, two front ends, the proxy and a database of their own.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    public const int Silos = 3;
    public const int FrontEnds = 2;

    private readonly NodeProcess[] _silos = new NodeProcess[Silos];
    private readonly NodeProcess[] _fronts = new NodeProcess[FrontEnds];

    public PostgresServer Postgres { get; } = new();

    public string Database { get; private set; } = "";

    public Proxy Proxy { get; private set; } = null!;

    public static async Task<ChaosCluster> StartAsync()
    {
        if (Directory.Exists(Logs))
            Directory.Delete(Logs, recursive: true);
        var cluster = new ChaosCluster();
        await cluster.Postgres.InitializeAsync();
        cluster.Database = await cluster.Postgres.CreateDatabaseAsync();
        for (var i = 0; i < Silos; i++)
            cluster._silos[i] = await NodeProcess.StartSiloAsync(cluster.Database, ("PBTS_NAME", $"silo-{i + 1}"));
        for (var i = 0; i < FrontEnds; i++)
        {
            // The load's members share one address, whose limit would be just what they send: after a stall they would be refused for
            // what was late, which members at addresses of their own are not.
            cluster._fronts[i] = await NodeProcess.StartApiAsync(cluster.Database, ("Receipts__ReportRate", "0"));
        }

        cluster.Proxy = await Proxy.StartAsync(cluster._fronts);
        return cluster;
    }

    /// <summary>Where the processes' logs are kept.</summary>
    private static string Logs { get; } = Path.Combine(AppContext.BaseDirectory, "TestResults", "chaos-logs");

    public Task KillAsync(int silo) => _silos[silo].KillAsync();

    public Task StartAgainAsync(int silo) => StartAgainAsync(_silos, silo);

    /// <summary>One process after the other, each only when the one before it is ready again and the proxy knows: as <c>./pbts rolling-restart</c>.</summary>
    public async Task RestartRollingAsync()
    {
        foreach (var processes in (NodeProcess[][])[_silos, _fronts])
        {
            for (var i = 0; i < processes.Length; i++)
            {
                await processes[i].StopAsync();
                await StartAgainAsync(processes, i);
                await Task.Delay(3000);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var process in _fronts.Concat(_silos))
        {
            KeepLog(process);
            await process.DisposeAsync();
        }

        await Postgres.DisposeAsync();
    }

    private static async Task StartAgainAsync(NodeProcess[] processes, int which)
    {
        KeepLog(processes[which]);
        processes[which] = await processes[which].StartAgainAsync();
    }

    private static void KeepLog(NodeProcess process)
    {
        Directory.CreateDirectory(Logs);
        File.AppendAllText(Path.Combine(Logs, $"{process.Port}.log"), process.Log);
    }
}
