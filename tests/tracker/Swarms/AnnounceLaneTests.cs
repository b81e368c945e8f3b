using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Cluster;
using Pbts.Local.Processes;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Swarms;

/// <summary>Announces of a front end to a silo, by the lane and by messages.</summary>
public sealed class AnnounceLaneTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const int Swarms = 20;

    [Fact]
    public async Task Announces_by_the_lane_are_answered_as_by_messages()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        var torrents = await FillAsync(silo.Grain);
        var messages = new Desk(silo.Grain, port: 0);
        using var slow = silo.Open(messages);
        var none = new Desk(silo.Grain, silo.LanePort);
        using var fast = silo.Open(none);
        await slow.OpenLanesAsync();
        await fast.OpenLanesAsync();

        for (var i = 0; i < Swarms; i++)
        {
            var (one, other) = (await fast.TryRun(Announce(torrents[i], 1))!, await slow.TryRun(Announce(torrents[i], 1))!);
            Assert.Equal((0, i + 1, 6 * i), (one!.Complete, one.Incomplete, one.Peers.Length));
            Assert.Equal((one.Complete, one.Incomplete, one.Peers.Length), (other!.Complete, other.Incomplete, other.Peers.Length));
        }

        // What needs a turn of the swarm's grain does so either way.
        var unknown = Announce(NewTorrent(), 1);
        Assert.Null(await fast.TryRun(unknown)!);
        Assert.Null(await slow.TryRun(unknown)!);
        Assert.Equal((0, Swarms + 1), (none.Messages, messages.Messages));
    }

    [Fact]
    public async Task A_lane_that_is_cut_or_silent_under_load_fails_no_announce_and_comes_back()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        var torrents = await FillAsync(silo.Grain);
        await using var relay = new Relay(silo.LanePort);
        var way = new Desk(silo.Grain, relay.Port);
        using var desk = silo.Open(way);
        await desk.OpenLanesAsync();

        using var stop = new CancellationTokenSource();
        var answered = 0;
        var load = Task.WhenAll(Enumerable.Range(0, 16).Select(worker => Task.Run(async () =>
        {
            for (var i = worker; !stop.IsCancellationRequested; i++)
            {
                var reply = await desk.TryRun(Announce(torrents[i % Swarms], 1))!;
                Assert.Equal((0, (i % Swarms) + 1), (reply!.Complete, reply.Incomplete));
                Interlocked.Increment(ref answered);
            }
        })));
        Assert.Equal(0, await GrowthAsync());

        relay.Cut();
        Assert.NotEqual(0, await GrowthAsync());
        await Wait.UntilAsync(IsBackAsync);

        var before = way.Messages;
        relay.IsSilent = true;
        await Wait.UntilAsync(() => Task.FromResult(way.Messages > before + 100), "Nobody went another way.");
        relay.IsSilent = false;
        await Wait.UntilAsync(IsBackAsync);
        await stop.CancelAsync();
        await load;

        async Task<bool> IsBackAsync()
        {
            await desk.OpenLanesAsync();
            return await GrowthAsync() == 0;
        }

        // How many messages there are while so many announces are answered.
        async Task<int> GrowthAsync()
        {
            var (start, messages) = (answered, 0);
            await Wait.UntilAsync(() => Task.FromResult(answered > start + 200));
            (messages, start) = (way.Messages, answered);
            await Wait.UntilAsync(() => Task.FromResult(answered > start + 2000));
            return way.Messages - messages;
        }
    }

    [Fact]
    public async Task A_lane_that_answers_out_of_step_is_left()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        var torrents = await FillAsync(silo.Grain);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            using var connection = ClusterConnection.Take(listener.AcceptSocket(), silo.Key, TimeSpan.FromSeconds(5));
            connection.Receive(AnnounceLane.MaxRequest);
            connection.Send(ReplyBatch.Of([null, null]).Bytes);
        })));
        var way = new Desk(silo.Grain, ((IPEndPoint)listener.LocalEndpoint).Port);
        using (var desk = silo.Open(way))
        {
            await desk.OpenLanesAsync();
            Assert.Equal(3, (await desk.TryRun(Announce(torrents[2], 1))!)!.Incomplete);
            Assert.Equal(1, way.Messages);
        }

        await Assert.ThrowsAnyAsync<IOException>(() => answering);
    }

    [Fact]
    public async Task Without_a_lane_announces_go_by_messages()
    {
        await using var silo = await LaneSilo.StartAsync(postgres);
        var torrents = await FillAsync(silo.Grain);
        var older = new Desk(silo.Grain, port: null);
        using var desk = silo.Open(older);
        await desk.OpenLanesAsync();
        Assert.Equal(3, (await desk.TryRun(Announce(torrents[2], 1))!)!.Incomplete);
        Assert.Equal(1, older.Messages);
    }

    [Theory]
    [InlineData("PBTS_SILO_PORT", "0")]
    [InlineData("PBTS_GATEWAY_PORT", "65536")]
    [InlineData("PBTS_LANE_PORT", "-1")]
    [InlineData("PBTS_LANE_PORT", "65536")]
    public async Task A_port_that_is_none_is_named(string name, string value)
    {
        await using var silo = NodeProcess.Launch("Pbts.Silo.dll", "Host=/nonexistent", ("PBTS_ROLE", "silo"), (name, value));
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(silo.WaitUntilReadyAsync);
        Assert.Contains($"{name} (Node:", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_front_end_opens_the_lane_and_does_without_it_where_the_port_is_taken()
    {
        var database = await postgres.CreateDatabaseAsync();
        var lane = Ports.Free();
        await using var silo = await NodeProcess.StartSiloAsync(database, ("PBTS_LANE_PORT", $"{lane}"));
        await using var api = await NodeProcess.StartApiAsync(database);
        await Wait.UntilAsync(() => Task.FromResult(Connections(lane) == 2), "The lane was not opened.");
        await AssertServedAsync(new Announcer(api));

        var another = await postgres.CreateDatabaseAsync();
        await using var without = await NodeProcess.StartSiloAsync(another, ("PBTS_LANE_PORT", $"{lane}"));
        Assert.Contains("cannot hand in announces beside the gateway", without.Log, StringComparison.Ordinal);
        await using var front = await NodeProcess.StartApiAsync(another);
        await AssertServedAsync(new Announcer(front));
        Assert.Equal(2, Connections(lane));

        static async Task AssertServedAsync(Announcer tracker)
        {
            var torrent = Announcer.NewTorrent();
            for (var peer = 1; peer <= 5; peer++)
                Assert.Equal(peer, (await tracker.AnnounceAsync(torrent, peer, 1)).Incomplete);
        }

        static int Connections(int port) => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections()
            .Count(connection => connection.LocalEndPoint.Port == port && connection.State == TcpState.Established);
    }

    /// <summary>Swarms of one, two, three … peers, so that an answer shows whose it is.</summary>
    private static async Task<InfoHash[]> FillAsync(ISwarmDeskGrain grain)
    {
        var torrents = Enumerable.Range(0, Swarms).Select(_ => NewTorrent()).ToArray();
        for (var i = 0; i < Swarms; i++)
        {
            for (var peer = 1; peer <= i + 1; peer++)
                Assert.NotNull(await grain.AnnounceAsync(Announce(torrents[i], peer)));
        }

        return torrents;
    }

    private static InfoHash NewTorrent() => InfoHash.From(RandomNumberGenerator.GetBytes(InfoHash.Length));

    private static ForwardedAnnounce Announce(InfoHash torrent, int peer)
    {
        var id = new byte[PeerId.Length];
        BinaryPrimitives.WriteInt32BigEndian(id, peer);
        return new(torrent, new AnnounceRequest { Endpoint = new PeerEndpoint([10, 0, 0, (byte)peer], 6881), PeerId = PeerId.Read(id), Identity = (ulong)peer, Left = 1, NumWant = 50 });
    }

    /// <summary>The silo's desk, as seen from a front end: says where the lane is, and counts what comes by messages.</summary>
    /// <param name="port">Null: as of an older silo, which knows of no lane.</param>
    private sealed class Desk(ISwarmDeskGrain grain, int? port) : ISwarmDeskGrain
    {
        private int _messages;

        public int Messages => Volatile.Read(ref _messages);

        public ValueTask<int> LanePortAsync() => port is { } known ? ValueTask.FromResult(known) : throw new NotSupportedException("No such method.");

        public ValueTask<ReplyBatch> TryAnnounceAsync(AnnounceBatch announces)
        {
            Interlocked.Increment(ref _messages);
            return grain.TryAnnounceAsync(announces);
        }

        public ValueTask<AnnounceReply?> AnnounceAsync(ForwardedAnnounce announce) => grain.AnnounceAsync(announce);

        public ValueTask<bool[]> HoldsAsync(InfoHash[] infoHashes) => grain.HoldsAsync(infoHashes);

        public Task<SwarmCounts[]?> ScrapeAsync(InfoHash[] infoHashes) => grain.ScrapeAsync(infoHashes);
    }
}
