using Pbts.Hosting.Workers;

namespace Pbts.Tracker.Tests.Ledger;

public sealed class FairLaneTests
{
    [Fact]
    public void Callers_take_turns_however_much_each_has_waiting()
    {
        var lane = new FairLane<string>(100);
        for (var i = 0; i < 3; i++)
            Assert.True(lane.TryAdd(1, $"a{i}", false, out _));
        Assert.True(lane.TryAdd(2, "b0", false, out _));
        Assert.True(lane.TryAdd(3, "c0", false, out _));
        Assert.True(lane.TryAdd(2, "b1", false, out _));
        Assert.Equal(["a0", "b0", "c0", "a1", "b1", "a2"], Drain(lane));
        Assert.Equal(0, lane.Count);
    }

    [Fact]
    public void Who_has_most_waiting_makes_room_for_who_has_less()
    {
        var lane = new FairLane<string>(4);
        foreach (var item in new[] { "a0", "a1", "a2", "a3" })
            lane.TryAdd(1, item, false, out _);
        Assert.True(lane.TryAdd(2, "b0", false, out var displaced));
        Assert.Equal("a3", displaced);
        Assert.True(lane.TryAdd(2, "b1", false, out displaced));
        Assert.Equal("a2", displaced);
        // Two and two: nobody has two more.
        Assert.False(lane.TryAdd(2, "b2", false, out _));
        Assert.False(lane.TryAdd(1, "a4", false, out _));
        Assert.True(lane.TryAdd(3, "c0", false, out displaced));
        Assert.Contains(displaced, new[] { "a1", "b1" });
        Assert.Equal(4, lane.Count);
        Assert.Equal(["a0", "b0", "c0"], Drain(lane)[..3]);
    }

    [Fact]
    public void What_was_begun_goes_before_what_else_its_caller_has_waiting()
    {
        var lane = new FairLane<string>(100);
        lane.TryAdd(1, "a0", false, out _);
        lane.TryAdd(2, "b0", false, out _);
        lane.TryAdd(1, "begun", true, out _);
        Assert.Equal(["begun", "b0", "a0"], Drain(lane));
    }

    private static List<string> Drain(FairLane<string> lane)
    {
        var items = new List<string>();
        while (lane.TryTake(out var item))
            items.Add(item);
        return items;
    }
}
