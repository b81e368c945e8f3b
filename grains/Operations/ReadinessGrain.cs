using Orleans.Concurrency;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Grains.Operations;

[StatelessWorker, Reentrant]
internal sealed class ReadinessGrain : Grain, IReadinessGrain
{
    public ValueTask PingAsync() => ValueTask.CompletedTask;
}
