using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pbts.Api.Announce;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Swarms;

namespace Pbts.Tracker.Tests.Admission;

public sealed class NewSwarmsTests
{
    private const int Burst = 3;

    private readonly FakeTimeProvider _time = new();
    private readonly NewSwarms _swarms;
    private int _torrents;

    public NewSwarmsTests()
    {
        var tracker = Options.Create(new TrackerOptions { NewSwarmRate = 1e-6, NewSwarmBurst = Burst, Interval = 1800 });
        var meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();
        _swarms = new(new(tracker, Options.Create(new ReceiptsOptions()), Options.Create(new LimitsOptions()), _time, meters), tracker, _time, meters);
    }

    [Fact]
    public void A_caller_begins_so_many_swarms_at_once_and_others_and_members_have_their_own_share()
    {
        UseUp("192.0.2.1");
        Assert.False(_swarms.Allows(NewTorrent(), From("192.0.2.1")));
        Assert.True(_swarms.Allows(NewTorrent(), From("192.0.2.2")));
        for (var i = 0; i < Burst; i++)
            Assert.True(_swarms.Allows(NewTorrent(), From("192.0.2.1", "member")));
        Assert.False(_swarms.Allows(NewTorrent(), From("192.0.2.2", "member")));
        Assert.True(_swarms.Allows(NewTorrent(), From("192.0.2.1", "another")));
    }

    [Fact]
    public void A_swarm_that_has_answered_is_nobodys_to_pay_for_while_its_peers_can_be_there()
    {
        var known = NewTorrent();
        _swarms.Remember(known);
        UseUp("192.0.2.1");
        // A peer lives for 1.5 intervals of 1800 s, remembered in steps of 16 s.
        _time.Advance(TimeSpan.FromSeconds(2688));
        Assert.True(_swarms.Allows(known, From("192.0.2.1")));
        Assert.False(_swarms.Allows(NewTorrent(), From("192.0.2.1")));
        _time.Advance(TimeSpan.FromSeconds(32));
        Assert.False(_swarms.Allows(known, From("192.0.2.1")));
        _swarms.Remember(known);
        Assert.True(_swarms.Allows(known, From("192.0.2.1")));
    }

    [Fact]
    public void Torrents_that_share_a_place_or_a_mark_are_not_taken_for_each_other()
    {
        var known = new byte[InfoHash.Length];
        known.AsSpan().Fill(0x55);
        _swarms.Remember(InfoHash.From(known));
        UseUp("192.0.2.1");
        Assert.True(_swarms.Allows(InfoHash.From(known), From("192.0.2.1")));
        // Of its first eight bytes three make way for the time.
        for (var i = 3; i < 10; i++)
        {
            var other = known.ToArray();
            other[i] ^= 0x10;
            Assert.False(_swarms.Allows(InfoHash.From(other), From("192.0.2.1")), $"byte {i}");
        }

        // The later of two in one place is the one that is remembered.
        var later = known.ToArray();
        later[4] ^= 1;
        _swarms.Remember(InfoHash.From(later));
        Assert.True(_swarms.Allows(InfoHash.From(later), From("192.0.2.1")));
        Assert.False(_swarms.Allows(InfoHash.From(known), From("192.0.2.1")));
    }

    private void UseUp(string address)
    {
        for (var i = 0; i < Burst; i++)
            Assert.True(_swarms.Allows(NewTorrent(), From(address)));
    }

    private InfoHash NewTorrent()
    {
        var bytes = new byte[InfoHash.Length];
        new Random(++_torrents).NextBytes(bytes);
        return InfoHash.From(bytes);
    }

    private static AnnounceRequest From(string address, string? user = null) => SwarmClock.Request(address, 1, 1, user);
}
