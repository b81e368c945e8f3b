using System.Diagnostics;
using System.Runtime.InteropServices;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Swarms;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>Peers that choose what a table could be slow with.</summary>
public sealed class ChosenKeysTests
{
    private const int Peers = 60_000;

    [Fact]
    public void What_clients_choose_does_not_decide_where_a_table_looks_for_them()
    {
        var requests = Chosen();

        // Without a secret, as it once was, all of them are in one place.
        Assert.Single(requests.Select(request => HashOfOld(Compact(request), request.Identity)).Distinct());
        var places = requests.Select(request => PeerTable.Hash(Compact(request)) & 0x1FFFF).Distinct().Count();
        Assert.InRange(places, Peers * 3 / 4, Peers);
    }

    [Fact]
    public void Sixty_thousand_chosen_keys_hold_a_swarm_no_longer_than_any_others()
    {
        var (chosen, others) = (Chosen(), Others());
        var (longest, usual) = (LongestHold(chosen), LongestHold(others));
        for (var round = 0; round < 2; round++)
            (longest, usual) = (Min(longest, LongestHold(chosen)), Min(usual, LongestHold(others)));
        var bound = (usual * 5) + TimeSpan.FromMilliseconds(5);
        Assert.True(longest < bound, $"held {longest.TotalMilliseconds:F1} ms, with other keys {usual.TotalMilliseconds:F1} ms");
    }

    [Fact]
    public void A_sweep_lets_others_in_between()
    {
        var swarm = new SwarmClock(new SwarmRules(2700));
        foreach (var request in Others())
            swarm.Swarm.Announce(request, swarm.Now, Random.Shared, out _);
        swarm.Seconds += 3000;
        var slices = 0;
        for (var before = swarm.Swarm.Count; swarm.Swarm.Sweep(swarm.Now); before = swarm.Swarm.Count)
        {
            Assert.InRange(before - swarm.Swarm.Count, 0, 2000);
            slices++;
        }

        Assert.InRange(slices, Peers / 2000, Peers);
        Assert.Equal(0, swarm.Swarm.Count);
    }

    private static TimeSpan LongestHold(AnnounceRequest[] requests)
    {
        var swarm = new SwarmClock(new SwarmRules(2700));
        var longest = TimeSpan.Zero;
        var total = Stopwatch.GetTimestamp();
        foreach (var request in requests)
            Hold(() => swarm.Swarm.Announce(request, swarm.Now, Random.Shared, out _));
        swarm.Seconds += 3000;
        var more = true;
        while (more)
            Hold(() => more = swarm.Swarm.Sweep(swarm.Now));
        Assert.Equal(0, swarm.Swarm.Count);

        // What all of it takes counts as well: many short holds are one long wait.
        var share = Stopwatch.GetElapsedTime(total) / 100;
        return longest > share ? longest : share;

        void Hold(Action action)
        {
            var started = Stopwatch.GetTimestamp();
            action();
            var took = Stopwatch.GetElapsedTime(started);
            longest = took > longest ? took : longest;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static AnnounceRequest[] Chosen() => [.. Enumerable.Range(1, Peers).Select(port => Request(port, Tail(Compact(Request(port, 0))) ^ 12345))];

    private static AnnounceRequest[] Others() => [.. Enumerable.Range(1, Peers).Select(port => Request(port, (ulong)Random.Shared.NextInt64()))];

    private static AnnounceRequest Request(int port, ulong key) => SwarmClock.Request("10.0.0.1", port, 5, key: key, wanted: 0);

    private static byte[] Compact(AnnounceRequest request)
    {
        var compact = new byte[6];
        request.Endpoint.WriteCompact(compact);
        return compact;
    }

    private static ulong Tail(ReadOnlySpan<byte> endpoint) => MemoryMarshal.Read<uint>(endpoint[^6..]) ^ ((ulong)MemoryMarshal.Read<ushort>(endpoint[^2..]) << 32);

    private static int HashOfOld(ReadOnlySpan<byte> endpoint, ulong identity)
    {
        var mixed = (identity ^ Tail(endpoint)) * 0x9E3779B97F4A7C15;
        return (int)((mixed ^ (mixed >> 29)) & 0x7FFFFFFF);
    }
}
