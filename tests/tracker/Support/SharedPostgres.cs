namespace Pbts.Tracker.Tests.Support;

/// <summary>Tests in this collection share one <see cref="PostgresServer"/> and run one after another.</summary>
[CollectionDefinition("postgres")]
public sealed class SharedPostgres : ICollectionFixture<PostgresServer>;

/// <summary>Tests with several silos: a server of their own, beside those of <see cref="SharedPostgres"/>.</summary>
[CollectionDefinition("cluster")]
public sealed class ClusterPostgres : ICollectionFixture<PostgresServer>;
