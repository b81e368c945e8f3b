using Pbts.GrainInterfaces.Operations;
using Pbts.Grains.Swarms;

namespace Pbts.Grains.Operations;

[OnSiloPlacement]
internal sealed class SiloGrain(SwarmCensus swarms) : Grain, ISiloGrain
{
    public ValueTask<SiloFigures> GetFiguresAsync() => ValueTask.FromResult(new SiloFigures(swarms.Swarms, swarms.Peers));
}
