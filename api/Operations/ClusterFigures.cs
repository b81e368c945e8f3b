using Orleans.Runtime;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Api.Operations;

/// <summary>Sums what the silos hold.</summary>
internal sealed class ClusterFigures(IGrainFactory grains)
{
    /// <summary>Figures by silo; a silo that is leaving or does not answer is left out.</summary>
    public async Task<IReadOnlyDictionary<SiloAddress, SiloFigures>> GetAsync()
    {
        var hosts = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        var figures = await Task.WhenAll(hosts.Keys.Select(AskAsync));
        return figures.Where(entry => entry.Figures is not null).ToDictionary(entry => entry.Silo, entry => entry.Figures!.Value);
    }

    private async Task<(SiloAddress Silo, SiloFigures? Figures)> AskAsync(SiloAddress silo)
    {
        try
        {
            return (silo, await grains.GetGrain<ISiloGrain>(silo.ToParsableString()).GetFiguresAsync());
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            return (silo, null);
        }
    }
}
