using System.Security.Cryptography;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Operations;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Operations;

[StatelessWorker, Reentrant]
internal sealed class ReadinessGrain : Grain, IReadinessGrain
{
    public ValueTask PingAsync() => ValueTask.CompletedTask;

    public ValueTask StartSwarmAsync() => GrainFactory.GetGrain<ISwarmGrain>(RandomNumberGenerator.GetHexString(40, lowercase: true)).StartAsync();
}
