namespace Pbts.GrainInterfaces.Operations;

/// <summary>Answers where grains can be called, whatever the database does. Stateless: the nearest silo answers.</summary>
[Alias("pbts.IReadinessGrain")]
public interface IReadinessGrain : IGrainWithIntegerKey
{
    [Alias("Ping"), ResponseTimeout("00:00:03")]
    ValueTask PingAsync();

    /// <summary>Starts a swarm that nobody has, which ends again at once; fails as an announce for it would.</summary>
    [Alias("StartSwarm"), ResponseTimeout("00:00:03")]
    ValueTask StartSwarmAsync();
}
