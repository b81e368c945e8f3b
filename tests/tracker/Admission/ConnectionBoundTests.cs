using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Api.Connections;
using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Admission;

/// <summary>Who may connect, without any connection.</summary>
public sealed class ConnectionBoundTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Proxy = IPAddress.Parse("192.0.2.99");

    [Fact]
    public void An_address_has_so_many_and_what_is_refused_takes_no_place()
    {
        var limits = Limits(100, 5);
        Enter(limits, One, 5);
        for (var i = 0; i < 200; i++)
            AssertRefused(limits, One, CloseReason.Address);
        Assert.Equal(5, limits.Open);
        Enter(limits, IPAddress.Parse("192.0.2.2"), 5);
        limits.Left(One);
        Assert.Equal(9, limits.Open);
        Enter(limits, One, 1);
        AssertRefused(limits, One, CloseReason.Address);
    }

    [Fact]
    public void All_addresses_of_an_ipv6_network_are_one_and_no_others()
    {
        var limits = Limits(100, 5);
        for (var i = 1; i <= 5; i++)
            Enter(limits, IPAddress.Parse($"2001:db8::{i}"), 1);
        AssertRefused(limits, IPAddress.Parse("2001:db8::ffff:1"), CloseReason.Address);
        Enter(limits, IPAddress.Parse("2001:db8:0:1::1"), 5);
    }

    [Fact]
    public void Who_left_altogether_begins_anew_and_leaves_no_more_than_it_had()
    {
        var limits = Limits(100, 5);
        for (var round = 0; round < 3; round++)
        {
            Enter(limits, One, 5);
            AssertRefused(limits, One, CloseReason.Address);
            for (var i = 0; i < 5; i++)
                limits.Left(One);
            Assert.Equal((0, 0), (limits.Open, limits.Addresses));
        }
    }

    [Fact]
    public void The_whole_and_a_quarter_of_the_reserve_is_all_there_is_for_proxies_too()
    {
        var limits = Limits(20, 5);
        Enter(limits, Proxy, 20 + (limits.Reserve / 4));
        AssertRefused(limits, Proxy, CloseReason.Full);
        AssertRefused(limits, One, CloseReason.Full);
        limits.Left(Proxy);
        Enter(limits, One, 1);
        AssertRefused(limits, One, CloseReason.Full);
    }

    [Fact]
    public void Without_a_bound_an_address_may_have_all()
    {
        var limits = Limits(50, 0);
        Enter(limits, One, 50);
        limits.Left(One);
        Assert.Equal(49, limits.Open);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(20, 10)]
    public void The_http_server_takes_half_at_most_and_one_at_least(int most, int expected)
    {
        var limits = Limits(most, 5);
        for (var i = 0; i < expected; i++)
            Assert.True(limits.EntersHttpServer());
        Assert.False(limits.EntersHttpServer());
        Assert.False(limits.EntersHttpServer());
        limits.LeftHttpServer();
        Assert.True(limits.EntersHttpServer());
        Assert.False(limits.EntersHttpServer());
    }

    [Fact]
    public void Descriptors_are_left_for_everything_else_whatever_was_asked_for()
    {
        var limits = Limits(int.MaxValue, 5);
        limits.Measure();
        Assert.True(limits.Descriptors > 0);
        Assert.InRange(limits.Reserve, 32, 512);
        Assert.Equal(Math.Clamp(limits.Descriptors / 8, 32, 512), limits.Reserve);
        // This process has its three at least.
        Assert.InRange(limits.Most, 16, Math.Max(16, limits.Descriptors - limits.Reserve - 3));

        // What connections hold is not counted against them a second time: with as many as can be there is nothing else.
        for (var i = 0; limits.Open < limits.Most && i < 100_000; i++)
            Assert.True(limits.Enters(Proxy, out _));
        limits.Measure();
        Assert.Equal(limits.Descriptors - limits.Reserve, limits.Most);
        for (var left = limits.Open; left > 0; left--)
            limits.Left(Proxy);
        limits.RanOut();
        Assert.InRange(limits.Most, 16, Math.Max(16, limits.Descriptors - limits.Reserve - 3));

        var few = Limits(7, 5);
        few.Measure();
        Assert.Equal(7, few.Most);
    }

    private static ConnectionLimits Limits(int most, int ofAddress)
    {
        var options = new TrackerOptions { MaxConnections = most, ConnectionsPerAddress = ofAddress, TrustedProxies = { Proxy.ToString() } };
        return new(options, new ClientAddressResolver(Options.Create(options), TimeProvider.System, NullLogger<ClientAddressResolver>.Instance));
    }

    private static void Enter(ConnectionLimits limits, IPAddress address, int count)
    {
        for (var i = 0; i < count; i++)
        {
            Assert.True(limits.Enters(address, out var refusal), $"{refusal} after {i}");
            Assert.Equal(CloseReason.None, refusal);
        }
    }

    private static void AssertRefused(ConnectionLimits limits, IPAddress address, CloseReason expected)
    {
        Assert.False(limits.Enters(address, out var refusal));
        Assert.Equal(expected, refusal);
    }
}
