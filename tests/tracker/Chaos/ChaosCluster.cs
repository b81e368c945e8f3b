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
        var cluster = new ChaosCluster();
        await cluster.Postgres.InitializeAsync();
        cluster.Database = await cluster.Postgres.CreateDatabaseAsync();
        for (var i = 0; i < Silos; i++)
            cluster._silos[i] = await NodeProcess.StartSiloAsync(cluster.Database, ("PBTS_NAME", $"silo-{i + 1}"));
        for (var i = 0; i < FrontEnds; i++)
            cluster._fronts[i] = await NodeProcess.StartApiAsync(cluster.Database);
        cluster.Proxy = await Proxy.StartAsync(cluster._fronts);
        return cluster;
    }

    public Task KillAsync(int silo) => _silos[silo].KillAsync();

    public async Task StartAgainAsync(int silo) => _silos[silo] = await _silos[silo].StartAgainAsync();

    /// <summary>One process after the other, each only when the one before it is ready again.</summary>
    public async Task RestartRollingAsync()
    {
        foreach (var processes in (NodeProcess[][])[_silos, _fronts])
        {
            for (var i = 0; i < processes.Length; i++)
            {
                await processes[i].StopAsync();
                processes[i] = await processes[i].StartAgainAsync();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        foreach (var process in _fronts.Concat(_silos))
            await process.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
