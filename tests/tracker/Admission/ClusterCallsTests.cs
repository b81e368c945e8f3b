using Orleans.Runtime;
using Pbts.Api.Cluster;

namespace Pbts.Tracker.Tests.Admission;

public sealed class ClusterCallsTests
{
    [Fact]
    public async Task What_was_only_late_is_not_sent_again_where_it_may_still_wait_its_turn()
    {
        var calls = 0;
        await Assert.ThrowsAsync<TimeoutException>(() => ClusterCalls.RepeatAsync<int>(
            () => throw (++calls > 0 ? new TimeoutException() : null!), lateToo: false));
        Assert.Equal(1, calls);
    }

    [Fact]
    public async Task What_met_a_dead_silo_is_sent_again()
    {
        var calls = 0;
        Assert.Equal(2, await ClusterCalls.RepeatAsync(() => ++calls < 2 ? throw new SiloUnavailableException() : Task.FromResult(calls), lateToo: false));
    }
}
