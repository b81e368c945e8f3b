using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>Whatever a stranger sends through a gate, the gate goes on, its memory is bounded, and its client exchanges blocks with others.</summary>
public sealed class HostileWorldTests : IAsyncLifetime
{
    private const string Hash = "0123456789abcdefghij";

    private static readonly InfoHash s_torrent = InfoHash.From(Encoding.ASCII.GetBytes(Hash));
    private static readonly InstanceId s_instance = InstanceId.From(Convert.FromHexString(ScriptedNode.Instance));

    private readonly ScriptedNode _node = new();
    private readonly TcpListener _client = new(IPAddress.Loopback, 0);
    private VoucherGate _gate = null!;

    public async Task InitializeAsync()
    {
        _gate = await _node.StartGateAsync();
        _client.Start(100);
        await AnnounceAsync(Hash);
    }

    public async Task DisposeAsync()
    {
        await AssertAnHonestPeerIsServedAsync();
        await _gate.DisposeAsync();
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Theory]
    [InlineData("ffffffff00")] // 4 GiB announced
    [InlineData("7fffffff14")]
    [InlineData("7fffffff1400")] // a handshake without end
    [InlineData("7fffffff14c8")] // a voucher without end
    [InlineData("7fffffff05")] // a bitfield without end
    [InlineData("0000000204")] // have without its number
    [InlineData("0000000114")] // extended without an id
    [InlineData("000000020700")] // piece cut short
    [InlineData("00000001070000000107")]
    [InlineData("0000000907ffffffffffffffff")] // piece of nothing, from beyond
    [InlineData("000000031400ff")] // a handshake that is none
    [InlineData("00000004140064650000000314c8ff0000000314c9ff0000000314caff")] // and messages that are none
    public async Task Messages_that_break_the_rules_are_the_clients_to_refuse(string frame)
    {
        var (peer, client) = await ConnectAsync();
        using (peer)
        using (client)
        {
            await peer.SendAsync(Convert.FromHexString(frame));
            await peer.SendAsync(new byte[100_000]);
            await Task.Delay(200);
        }
    }

    [Fact]
    public async Task Random_bytes_on_either_side_do_no_harm()
    {
        var random = new Random(7);
        for (var run = 0; run < 40; run++)
        {
            var (peer, client) = await ConnectAsync();
            using (peer)
            using (client)
            {
                var bytes = new byte[random.Next(4, 20_000)];
                random.NextBytes(bytes);
                // Half of them look like messages at first.
                if (run % 2 == 0)
                    BinaryPrimitives.WriteInt32BigEndian(bytes, random.Next(1, 30_000));
                await peer.SendAsync(bytes);
                random.NextBytes(bytes);
                try
                {
                    await client.SendAsync(bytes);
                }
                catch (SocketException)
                {
                    // The gate has ended it.
                }
            }
        }
    }

    [Fact]
    public async Task A_flood_of_vouchers_that_do_not_hold_ends_the_connection()
    {
        using var mallory = MemberIdentity.Generate();
        var (peer, client) = await ConnectAsync();
        using (peer)
        using (client)
        {
            await AgreeAsync(peer, client, mallory);
            var bytes = 0L;
            for (var sent = 0; sent < 2000; sent++)
            {
                var voucher = new Voucher
                {
                    Instance = s_instance, InfoHash = s_torrent, Sender = _node.Identity.PublicKey, Receiver = mallory.PublicKey, Session = SessionId.From(new byte[16]),
                    Bytes = ++bytes, Opened = Now, SignedAt = Now, Signature = ReceiptSignature.From(new byte[96]),
                };
                try
                {
                    await peer.SendAsync(Bep10Frame.Build(200, VoucherCodec.EncodeVoucher(voucher)));
                }
                catch (SocketException)
                {
                    break;
                }
            }

            await GateLab.WaitAsync(() => _gate.Progress.Torrents[0].Peers == 0, () => "the connection lasts", seconds: 20);
            Assert.True(_gate.Progress.Refused > 0);
            Assert.Equal(0, _gate.Progress.Torrents[0].Earned);
        }
    }

    [Fact]
    public async Task A_flood_of_requests_for_vouchers_and_of_messages_nobody_asked_for_takes_no_memory()
    {
        using var mallory = MemberIdentity.Generate();
        var (peer, client) = await ConnectAsync();
        using (peer)
        using (client)
        {
            await AgreeAsync(peer, client, mallory);
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var flood = Enumerable.Repeat(Bep10Frame.Build(202, VoucherCodec.EncodeRequest()), 20_000).SelectMany(frame => frame).ToArray();
            var reading = DrainAsync(client);
            await peer.SendAsync(flood);
            // Blocks that were not asked for are not signed for.
            for (var block = 0; block < 500; block++)
                await peer.SendAsync(PeerMessages.PieceFrame(new BlockRequest(block, 0, 16384)));
            for (var piece = 0; piece < 500; piece++)
                await client.SendAsync(PeerMessages.Numbers(PeerMessages.Have, piece));
            await Task.Delay(1000);
            Assert.Equal(0, _gate.Progress.Torrents[0].SignedFor);
            await Wait.UntilReleasedAsync(before, 16 << 20);
            client.Dispose();
            await reading;
        }
    }

    [Fact]
    public async Task Those_that_say_nothing_do_not_keep_out_those_that_speak()
    {
        var silent = new List<Socket>();
        try
        {
            for (var caller = 0; caller < 300; caller++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(new IPAddress([127, 7, (byte)(caller / 8), 1]), 0));
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _gate.Port));
                silent.Add(socket);
            }

            await AssertAnHonestPeerIsServedAsync();
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task One_address_has_few_places()
    {
        var callers = new List<Socket>();
        try
        {
            var refused = 0;
            for (var caller = 0; caller < 40; caller++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                callers.Add(socket);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.8.8.8"), 0));
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _gate.Port));
            }

            foreach (var socket in callers)
            {
                socket.ReceiveTimeout = 300;
                try
                {
                    refused += socket.Receive(new byte[1]) == 0 ? 1 : 0;
                }
                catch (SocketException e)
                {
                    refused += e.SocketErrorCode == SocketError.ConnectionReset ? 1 : 0;
                }
            }

            Assert.InRange(refused, 24, 40);
        }
        finally
        {
            callers.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_client_with_five_hundred_torrents_is_served()
    {
        for (var torrent = 0; torrent < 500; torrent++)
            await AnnounceAsync($"torrent{torrent:D13}");
        Assert.Equal(501, _gate.Progress.Torrents.Count);
        // After a restart they are all there.
        await _gate.DisposeAsync();
        _gate = await _node.StartGateAsync();
        Assert.Equal(501, _gate.Progress.Torrents.Count);
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private async Task AnnounceAsync(string infoHash)
    {
        using var http = new HttpClient();
        var answer = Encoding.Latin1.GetString(await http.GetByteArrayAsync(new Uri($"{_gate.AnnounceUrl}?info_hash={infoHash}&peer_id=-XX0000-0123456789ab&port={((IPEndPoint)_client.LocalEndpoint).Port}&uploaded=0&downloaded=0&left=1&event=started")));
        Assert.DoesNotContain("failure", answer, StringComparison.Ordinal);
    }

    /// <summary>A peer that has called, and the client it was connected with, after the handshakes of BEP 3.</summary>
    private async Task<(Socket Peer, Socket Client)> ConnectAsync()
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        peer.Bind(new IPEndPoint(new IPAddress([127, 9, (byte)Random.Shared.Next(1, 255), (byte)Random.Shared.Next(1, 255)]), 0));
        await peer.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _gate.Port));
        var hello = PeerHandshake.Build(s_torrent, "-XX0000-0123456789ab"u8);
        await peer.SendAsync(hello);
        var client = await _client.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(20));
        // A gate that was started again looks whether the client is there.
        while (client.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead) && client.Available == 0)
        {
            client.Dispose();
            client = await _client.AcceptSocketAsync().WaitAsync(TimeSpan.FromSeconds(20));
        }

        client.NoDelay = true;
        await ReadAsync(client, hello.Length);
        await client.SendAsync(PeerHandshake.Build(s_torrent, "-CL0000-0123456789ab"u8));
        await ReadAsync(peer, hello.Length);
        return (peer, client);
    }

    /// <summary>Both say that they speak the extension protocol, the peer that it takes vouchers.</summary>
    private async Task AgreeAsync(Socket peer, Socket client, MemberIdentity identity)
    {
        await client.SendAsync(Bep10Frame.Build(0, new ExtensionHandshake { Version = "client" }.Encode()));
        await peer.SendAsync(new PbtsExtension().CreateHandshake(publicKey: identity.PublicKey, instance: s_instance));
        await GateLab.WaitAsync(() => _gate.Progress.Torrents[0].PbtsPeers == 1, () => "no vouchers are exchanged", seconds: 20);
    }

    private async Task AssertAnHonestPeerIsServedAsync()
    {
        using var alice = MemberIdentity.Generate();
        await GateLab.WaitAsync(() => _gate.Progress.Torrents.Single(torrent => torrent.InfoHash == s_torrent.ToString()).PbtsPeers == 0, () => "others are there: " + string.Join("\n", _node.Log), seconds: 30);
        var (peer, client) = await ConnectAsync();
        using (peer)
        using (client)
        {
            await client.SendAsync(Bep10Frame.Build(0, new ExtensionHandshake { Version = "client" }.Encode()));
            await peer.SendAsync(new PbtsExtension().CreateHandshake(publicKey: alice.PublicKey, instance: s_instance));
            var before = _gate.Progress.Torrents.Sum(torrent => torrent.SignedFor);
            var piece = 1_000_000 + Random.Shared.Next(100_000);
            await GateLab.WaitAsync(() => _gate.Progress.Torrents.Any(torrent => torrent.PbtsPeers == 1), () => "no vouchers are exchanged", seconds: 20);
            await client.SendAsync(PeerMessages.Numbers(PeerMessages.Request, piece, 0, 16384));
            await Task.Delay(200);
            await peer.SendAsync(PeerMessages.PieceFrame(new BlockRequest(piece, 0, 16384)));
            await Task.Delay(200);
            await client.SendAsync(PeerMessages.Numbers(PeerMessages.Have, piece));
            await GateLab.WaitAsync(() => _gate.Progress.Torrents.Sum(torrent => torrent.SignedFor) == before + 16384, () => $"signed for {_gate.Progress.Torrents.Sum(torrent => torrent.SignedFor)}, not {before + 16384}", seconds: 20);
        }
    }

    private static async Task DrainAsync(Socket socket)
    {
        var buffer = new byte[65536];
        try
        {
            while (await socket.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Over.
        }
    }

    private static async Task ReadAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var received = 0; received < length;)
            received += await socket.ReceiveAsync(bytes.AsMemory(received)) is > 0 and var count ? count : throw new InvalidOperationException("closed");
    }
}
