using System.Diagnostics;
using System.Net;
using Pbts.Api.Connections;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Who is served and who is told to come back. The limit is so long that what the tests themselves take is nothing beside it.</summary>
public sealed class SheddingRuleTests
{
    private static readonly long s_second = Stopwatch.Frequency;

    private readonly Shedding _shedding = new(TimeSpan.FromSeconds(1000));
    private readonly long _now = Stopwatch.GetTimestamp() + (10_000 * s_second);

    [Fact]
    public void Nothing_is_shed_before_every_round_of_a_tenth_of_a_second_was_late()
    {
        Round(at: 0, waited: 0);
        Round(at: 60, waited: 1001);
        Assert.True(_shedding.IsBehind);
        Assert.False(Sheds(waited: 5000));
        Round(at: 60.09, waited: 1001);
        Assert.False(Sheds(waited: 5000));
        Round(at: 60.11, waited: 1001);
        Assert.True(Sheds(waited: 5000));
    }

    [Fact]
    public void One_round_in_time_begins_the_tenth_of_a_second_anew()
    {
        Round(at: 0, waited: 1001);
        Round(at: 0.09, waited: 999);
        Assert.False(_shedding.IsBehind);
        Round(at: 0.11, waited: 1001);
        Assert.False(Sheds(waited: 5000));
    }

    [Fact]
    public void Who_has_waited_too_long_is_shed_and_who_has_not_is_served()
    {
        Round(at: 0, waited: 1001);
        Round(at: 0.2, waited: 1001);
        Assert.True(Sheds(waited: 501));
        Assert.False(Sheds(waited: 400));
    }

    [Fact]
    public void Shedding_ends_when_nobody_had_to_be_for_a_tenth_of_a_second()
    {
        Round(at: 0, waited: 1001);
        Round(at: 0.2, waited: 1001);
        Assert.True(Sheds(waited: 501));

        // When it shed last is told by the clock.
        var shed = (Stopwatch.GetTimestamp() - _now) / (double)s_second;
        Round(at: shed + 0.05, waited: 0);
        Assert.True(Sheds(waited: 501));
        Round(at: shed + 60, waited: 0);
        Assert.False(Sheds(waited: 501));
    }

    [Fact]
    public void Without_a_limit_no_round_is_over_and_nothing_is_shed()
    {
        var shedding = new Shedding(TimeSpan.Zero);
        shedding.Begin(_now, _now);
        shedding.Begin(_now + (5 * s_second), _now);
        shedding.Turn(_now - (5000 * s_second));
        Assert.Equal((false, false, false, false), (shedding.IsOver, shedding.IsBehind, shedding.IsForShedding, shedding.Sheds()));
    }

    [Fact]
    public void The_waiting_are_taken_from_both_ends_in_the_order_of_their_coming()
    {
        var line = new WaitingLine();
        for (var i = 0; i < 20_000; i++)
            line.Add(new TrackerConnection(i, IPAddress.Loopback, null!));
        for (var i = 0; i < 9_000; i++)
        {
            Assert.Equal(i, line.Oldest.Descriptor);
            Assert.Equal(i, line.TakeOldest().Descriptor);
            Assert.Equal(19_999 - i, line.TakeNewest().Descriptor);
        }

        line.Add(new TrackerConnection(50_000, IPAddress.Loopback, null!));
        Assert.Equal((2001, 50_000, 9_000), (line.Count, line.TakeNewest().Descriptor, line.TakeOldest().Descriptor));
        while (line.Count > 0)
            line.TakeOldest();
        line.Add(new TrackerConnection(1, IPAddress.Loopback, null!));
        Assert.Equal(1, line.Oldest.Descriptor);
    }

    private void Round(double at, double waited)
    {
        var now = _now + (long)(at * s_second);
        _shedding.Begin(now, now - (long)(waited * s_second));
    }

    /// <summary>Whether a connection is shed that has waited so many seconds.</summary>
    private bool Sheds(double waited)
    {
        _shedding.Turn(Stopwatch.GetTimestamp() - (long)(waited * s_second));
        return _shedding.Sheds();
    }
}
