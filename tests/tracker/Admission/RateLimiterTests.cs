using System.Net;
using Microsoft.Extensions.Time.Testing;
using Pbts.Api.Callers;

namespace Pbts.Tracker.Tests.Admission;

public sealed class RateLimiterTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Loopback_is_limited_and_each_of_its_addresses_is_a_caller_of_its_own()
    {
        var limiter = new RateLimiter(1, 2, _time);
        Assert.True(limiter.Allows(IPAddress.Loopback));
        Assert.True(limiter.Allows(IPAddress.Parse("::ffff:127.0.0.1")));
        Assert.False(limiter.Allows(IPAddress.Loopback));
        Assert.True(limiter.Allows(IPAddress.Parse("127.0.0.2")));
        Assert.True(limiter.Allows(IPAddress.IPv6Loopback));
    }

    [Fact]
    public void Units_are_spent_together_or_not_at_all()
    {
        var limiter = new RateLimiter(10, 100, _time);
        Assert.True(limiter.Allows(IPAddress.Loopback, 60));
        Assert.False(limiter.Allows(IPAddress.Loopback, 60));
        Assert.True(limiter.Allows(IPAddress.Loopback, 40));
        _time.Advance(TimeSpan.FromSeconds(6));
        Assert.True(limiter.Allows(IPAddress.Loopback, 60));
        Assert.False(limiter.Allows(IPAddress.Loopback, 1));
    }

    [Fact]
    public void Who_is_charged_afterwards_owes_at_most_one_burst()
    {
        var limiter = new RateLimiter(10, 100, _time);
        limiter.Charge(IPAddress.Loopback, 100_000);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(limiter.Allows(IPAddress.Loopback, 1));
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(limiter.Allows(IPAddress.Loopback, 1));
        Assert.False(limiter.Allows(IPAddress.Loopback, 100));
    }

    [Fact]
    public void A_charge_smaller_than_what_is_left_only_lessens_it()
    {
        var limiter = new RateLimiter(10, 100, _time);
        limiter.Charge(IPAddress.Loopback, 30);
        Assert.True(limiter.Allows(IPAddress.Loopback, 70));
        Assert.False(limiter.Allows(IPAddress.Loopback, 1));
    }

    [Fact]
    public void To_ask_what_a_user_might_spend_spends_nothing_and_what_it_is_charged_then_counts()
    {
        var limiter = new RateLimiter(1, 2, _time);
        for (var i = 0; i < 5; i++)
            Assert.True(limiter.MightAllow("member"));
        limiter.Charge("member");
        Assert.True(limiter.MightAllow("member"));
        limiter.Charge("member");
        Assert.False(limiter.MightAllow("member"));
        Assert.False(limiter.Allows("member"));
        Assert.True(limiter.MightAllow("another"));
        // Those who were on their way together owe for it.
        limiter.Charge("member");
        _time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.False(limiter.MightAllow("member"));
        _time.Advance(TimeSpan.FromSeconds(0.6));
        Assert.True(limiter.MightAllow("member"));
        Assert.True(limiter.Allows("member"));
    }

    [Fact]
    public void Without_a_limit_anybody_may_spend_anything_however_often()
    {
        var limiter = new RateLimiter(0, 1, _time);
        limiter.Charge("member");
        for (var i = 0; i < 10; i++)
        {
            Assert.True(limiter.MightAllow("member"));
            Assert.True(limiter.Allows("member", 1_000_000));
            Assert.True(limiter.Allows(IPAddress.Loopback, int.MaxValue));
            limiter.Charge(IPAddress.Loopback, int.MaxValue);
        }
    }

    [Fact]
    public void However_high_the_rate_there_is_a_limit_and_however_low_the_burst_it_is_one()
    {
        var limiter = new RateLimiter(1e12, 0, _time);
        Assert.True(limiter.Allows(IPAddress.Loopback));
        Assert.False(limiter.Allows(IPAddress.Loopback));
        var other = IPAddress.Parse("192.0.2.1");
        limiter.Charge(other, 1);
        Assert.False(limiter.Allows(other));
        limiter.Charge("member");
        Assert.False(limiter.MightAllow("member"));
        Assert.False(limiter.Allows("member"));
    }

    [Fact]
    public void All_addresses_of_an_ipv6_network_are_one_caller_and_no_others()
    {
        var limiter = new RateLimiter(1, 1, _time);
        Assert.True(limiter.Allows(IPAddress.Parse("2001:db8::1")));
        Assert.False(limiter.Allows(IPAddress.Parse("2001:db8::2:0:0:2")));
        Assert.True(limiter.Allows(IPAddress.Parse("2001:db8:0:1::1")));
        Assert.True(limiter.Allows(IPAddress.Parse("0.0.0.1")));
    }

    /// <summary>Of 20,000 who have spent all, each has a place in both tables of 65,536: some 26 % of either are used up, and 7 % of both.</summary>
    [Fact]
    public void Whoever_shares_one_place_with_a_busy_neighbour_is_not_refused_for_it()
    {
        var limiter = new RateLimiter(1e-3, 1, _time);
        for (var i = 0; i < 20_000; i++)
            limiter.Charge($"busy {i}");
        Assert.InRange(Enumerable.Range(0, 2000).Count(i => !limiter.MightAllow($"quiet {i}")), 80, 220);
        Assert.InRange(Enumerable.Range(0, 500).Count(i => !limiter.Allows($"quiet {i}")), 10, 75);
    }
}
