using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Admission;

public sealed class BodyBudgetTests
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Another = IPAddress.Parse("192.0.2.2");

    private readonly BodyBudget _budget = new(
        Options.Create(new LimitsOptions { BodyBytes = 1000, BodyBytesPerAddress = 100 }),
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());

    [Fact]
    public void A_caller_gets_its_share_over_all_its_bodies_and_others_theirs()
    {
        using var first = _budget.Open(One, 0);
        using var second = _budget.Open(One, 0);
        using var other = _budget.Open(Another, 0);
        Assert.True(first.TryTake(60));
        Assert.False(second.TryTake(41));
        Assert.True(second.TryTake(40));
        Assert.False(first.TryTake(1));
        Assert.True(other.TryTake(100));
        Assert.False(other.TryTake(1));
    }

    [Fact]
    public void What_a_body_took_is_given_back_once()
    {
        using var kept = _budget.Open(One, 0);
        Assert.True(kept.TryTake(50));
        for (var i = 0; i < 100; i++)
        {
            var body = _budget.Open(One, 0);
            Assert.True(body.TryTake(30));
            Assert.True(body.TryTake(20));
            Assert.False(body.TryTake(1));
            body.Dispose();
            body.Dispose();
        }

        // What is kept is still held, and no more than that.
        using var last = _budget.Open(One, 0);
        Assert.False(last.TryTake(51));
        Assert.True(last.TryTake(50));
    }

    [Fact]
    public void Nobody_takes_more_than_half_of_what_is_left_so_that_there_is_always_some()
    {
        using var shown = _budget.Open(One, 10_000);
        Assert.False(shown.TryTake(501));
        Assert.True(shown.TryTake(500));
        using var next = _budget.Open(Another, 10_000);
        Assert.False(next.TryTake(251));
        Assert.True(next.TryTake(250));
        using var late = _budget.Open(IPAddress.Parse("192.0.2.3"), 0);
        Assert.True(late.TryTake(100));
    }

    [Fact]
    public void Who_has_shown_who_it_is_gets_what_its_body_needs_where_that_is_more()
    {
        using var shown = _budget.Open(One, 300);
        Assert.True(shown.TryTake(300));
        Assert.False(shown.TryTake(1));
        using var small = _budget.Open(Another, 10);
        Assert.True(small.TryTake(100));
    }

    [Fact]
    public void A_body_of_nothing_or_of_one_byte_leaves_nothing_behind()
    {
        for (var i = 0; i < 150; i++)
        {
            _budget.Open(One, 0).Dispose();
            using var body = _budget.Open(One, 0);
            Assert.True(body.TryTake(1));
        }

        Assert.Equal(0, _budget.Callers);
    }

    [Fact]
    public void When_all_is_given_back_all_is_there_again()
    {
        for (var i = 0; i < 50; i++)
        {
            using var first = _budget.Open(One, 10_000);
            using var second = _budget.Open(Another, 10_000);
            Assert.True(first.TryTake(500));
            Assert.True(second.TryTake(250));
        }
    }
}
