using System.Net.Http;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// An all-in-one node on a machine of a <see cref="NetworkLab"/> that is started again a second after it ends, as
/// <c>./pbts up</c>, the compose file and Kubernetes do.
/// </summary>
internal sealed class SupervisedNode : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private NodeProcess _process;
    private Task _watching = Task.CompletedTask;

    private SupervisedNode(NodeProcess process)
    {
        _process = process;
        Http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2) }) { BaseAddress = process.Url, Timeout = TimeSpan.FromSeconds(45) };
    }

    /// <summary>Stays the same over restarts.</summary>
    public HttpClient Http { get; }

    public int Restarts { get; private set; }

    public string Log => _process.Log;

    public static async Task<SupervisedNode> StartAsync(NetworkLab lab, int machine, string database)
    {
        var process = NodeProcess.LaunchInNamespace(
            lab.Machine(machine), lab.Address(LabNetwork.Clients, machine), database,
            ("PBTS_ROLE", "node"), ("PBTS_NAME", $"silo-{machine}"), ("PBTS_ADVERTISED_ADDRESS", lab.Address(LabNetwork.Cluster, machine).ToString()),
            ("Receipts__ReportRate", "0"));
        await process.WaitUntilReadyAsync();
        var node = new SupervisedNode(process);
        node._watching = Task.Run(node.WatchAsync);
        return node;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await _process.DisposeAsync();
        Http.Dispose();
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        for (; !_stop.IsCancellationRequested; await Task.Delay(1000, CancellationToken.None))
        {
            if (!_process.HasExited)
                continue;
            var ended = _process;
            _process = ended.LaunchAgain();
            Restarts++;
            await ended.DisposeAsync();
        }
    }
}
