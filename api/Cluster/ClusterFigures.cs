using Orleans.Runtime;
using Pbts.GrainInterfaces.Operations;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Cluster;

/// <summary>Asks all silos what they hold. A silo that is leaving or does not answer is left out.</summary>
internal sealed class ClusterFigures(IGrainFactory grains)
{
    private SiloAddress[] _active = [];

    /// <summary>Figures by active silo.</summary>
    public async Task<IReadOnlyDictionary<SiloAddress, SiloFigures>> GetAsync() => await AskAsync(await FindActiveAsync());

    /// <summary>Figures of these silos.</summary>
    public async Task<IReadOnlyDictionary<SiloAddress, SiloFigures>> AskAsync(IEnumerable<SiloAddress> silos)
    {
        var figures = await EachAsync(silos, async silo => (SiloFigures?)await Silo(silo).GetFiguresAsync());
        return figures.ToDictionary(entry => entry.Silo, entry => entry.Answer!.Value);
    }

    /// <summary>The swarms of each active silo that come first in the search's order.</summary>
    public async Task<IEnumerable<(SiloAddress Silo, SwarmListing Swarm)>> FindSwarmsAsync(SwarmSearch search)
    {
        var found = await EachAsync(await FindActiveAsync(), async silo => (IReadOnlyList<SwarmListing>?)await Silo(silo).FindSwarmsAsync(search));
        return found.SelectMany(entry => entry.Answer!.Select(swarm => (entry.Silo, swarm)));
    }

    /// <summary>The active silos; while the list of members, which is in the database, cannot be had, those of before.</summary>
    public async Task<IReadOnlyCollection<SiloAddress>> FindActiveAsync()
    {
        try
        {
            return _active = [.. (await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true)).Keys];
        }
#pragma warning disable CA1031 // Whatever kept the list away: the silos themselves are asked next.
        catch (Exception)
#pragma warning restore CA1031
        {
            return _active;
        }
    }

    private ISiloGrain Silo(SiloAddress silo) => grains.GetGrain<ISiloGrain>(silo.ToParsableString());

    private static async Task<IEnumerable<(SiloAddress Silo, T? Answer)>> EachAsync<T>(IEnumerable<SiloAddress> silos, Func<SiloAddress, Task<T?>> ask)
    {
        var answers = await Task.WhenAll(silos.Select(AskAsync));
        return answers.Where(entry => entry.Answer is not null);

        async Task<(SiloAddress Silo, T? Answer)> AskAsync(SiloAddress silo)
        {
            try
            {
                return (silo, await ask(silo));
            }
            catch (Exception e) when (Away.IsCluster(e))
            {
                return (silo, default);
            }
        }
    }
}
