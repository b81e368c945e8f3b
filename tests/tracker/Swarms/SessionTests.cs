using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>What one client of a member is believed, announce by announce.</summary>
public sealed class SessionTests
{
    private readonly SwarmMember _member = new("alice");

    [Fact]
    public void Seeding_counts_between_two_announces_of_a_seeder_and_nowhere_else()
    {
        var session = Open(1);
        Assert.Equal(
            [0, 60_000, 0, 0, 10_000, 0],
            new[] { (true, 1000L), (true, 61_000), (false, 100_000), (true, 150_000), (true, 160_000), (true, 160_000) }.Select(announce => Seed(session, announce.Item1, announce.Item2)));
    }

    [Fact]
    public void Two_clients_of_a_member_that_seed_at_the_same_time_seed_once()
    {
        var (one, other) = (Open(1), Open(2));
        Assert.Equal(0, Seed(one, true, 1000));
        Assert.Equal(0, Seed(other, true, 2000));
        Assert.Equal(10_000, Seed(one, true, 11_000));
        Assert.Equal(1000, Seed(other, true, 12_000));
        Assert.Equal(0, Seed(one, true, 12_000));
        // A turn that comes late.
        Assert.Equal(0, Seed(other, true, 11_500));
    }

    [Theory]
    [InlineData(100_000, 50_000)]
    [InlineData(50_000, 100_000)]
    public void Of_two_peers_that_a_snapshot_brings_back_the_later_says_since_when_there_is_time(long first, long second)
    {
        var session = Open(1);
        session.Restore(default, first, false, true, true);
        session.Restore(default, second, false, true, true);
        Assert.Equal((3000, 0), Claim(session, 5000, 102_000));
    }

    [Fact]
    public void A_peer_brought_back_may_have_announced_before_this_process_began()
    {
        var session = Open(1);
        session.Restore(default, -50_000, true, false, false);
        Assert.Equal(60_000, Seed(session, true, 10_000));
    }

    [Fact]
    public void Nothing_counts_before_the_first_announce_nor_what_was_forgotten()
    {
        var session = Open(1);
        Assert.Equal((0, 0), Claim(session, 5000, 10_000));
        Assert.Equal((1000, 0), Claim(session, 6000, 20_000));
        session.Forget();
        Assert.Equal((0, 0), Claim(session, 9000, 30_000));
        Assert.Equal((1, 0), Claim(session, 9001, 40_000));
    }

    [Fact]
    public void Counters_that_begin_anew_count_from_there_when_the_client_says_that_it_starts()
    {
        var session = Open(1);
        Claim(session, 5000, 10_000);
        Assert.Equal((0, 0), Claim(session, 100, 20_000, restarted: true));
        Assert.Equal((300, 0), Claim(session, 400, 30_000));
        // Without a start it is an announce that was overtaken.
        Assert.Equal((0, 0), Claim(session, 0, 40_000));
        Assert.Equal((1, 0), Claim(session, 401, 50_000));
    }

    private Session Open(ulong client) => _member.Open(new PeerId(client, 0, 0));

    private static long Seed(Session session, bool isSeeder, long at)
    {
        var seeded = session.Seed(isSeeder, at);
        session.Claim(default, false, false, false, at, 0, 1);
        return seeded;
    }

    /// <summary>A line carries a byte a millisecond.</summary>
    private static (long Uploaded, long Downloaded) Claim(Session session, long uploaded, long at, bool restarted = false) =>
        session.Claim(new Counters(uploaded, 0), restarted, true, true, at, 0, 1000);
}
