using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>A node in mode <c>enabled</c> beside a stand-in of the dstack agent, shared by the tests of a class.</summary>
public sealed class TrustedNode : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();

    internal DstackAgent Agent { get; private set; } = null!;

    internal NodeProcess Node { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        Agent = await DstackAgent.StartAsync();
        Node = await NodeProcess.StartNodeAsync(
            await _postgres.CreateDatabaseAsync(), [.. Agent.Environment, ("TEE_MODE", "Enabled"), ("RPC", "http://127.0.0.1:9"), ("Receipts__ReportRate", "0")]);
    }

    public async Task DisposeAsync()
    {
        await Node.DisposeAsync();
        await Agent.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}
