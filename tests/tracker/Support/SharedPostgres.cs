namespace Pbts.Tracker.Tests.Support;

/// <summary>Tests in this collection share one <see cref="PostgresServer"/> and run one after another.</summary>
[CollectionDefinition("postgres")]
public sealed class SharedPostgres : ICollectionFixture<PostgresServer>;
