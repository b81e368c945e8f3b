namespace Pbts.Tracker.Tests.Support;

/// <summary>One all-in-one node with default settings on a fresh database, shared by the tests of a collection.</summary>
public sealed class SharedNode : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();

    internal NodeProcess Node { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        await _postgres.InitializeAsync();
        Node = await NodeProcess.StartNodeAsync(await _postgres.CreateDatabaseAsync());
    }

    public async Task DisposeAsync()
    {
        await Node.DisposeAsync();
        await _postgres.DisposeAsync();
    }
}

/// <summary>Tests in this collection share one <see cref="SharedNode"/> and run one after another.</summary>
[CollectionDefinition("node")]
public sealed class SharedNodeTests : ICollectionFixture<SharedNode>;
