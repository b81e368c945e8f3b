using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Udp;

/// <summary>Connection ids, packets that are no requests, and options (BEP 41).</summary>
[Collection("node")]
public sealed class UdpProtocolTests(SharedNode shared) : IDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(700);

    private readonly UdpProbe _udp = new(shared.Node);

    public void Dispose() => _udp.Dispose();

    [Fact]
    public async Task A_connection_id_is_good_for_every_port_of_its_address_and_for_no_other_address()
    {
        var connection = await _udp.ConnectAsync();
        var torrent = Announcer.NewTorrent();
        using var otherPort = new UdpProbe(shared.Node);
        Assert.Null((await otherPort.ExchangeAsync(UdpProbe.AnnouncePacket(connection, 5, torrent, 1, 0))).Error);
        using var otherAddress = new UdpProbe(shared.Node, IPAddress.Parse("127.0.0.2"));
        var answer = await otherAddress.ExchangeAsync(UdpProbe.AnnouncePacket(connection, 6, torrent, 1, 0));
        Assert.Equal((6u, "Connection ID mismatch"), (answer.Transaction, answer.Error));
        using var ipv6 = new UdpProbe(shared.Node, ipv6: true);
        Assert.NotNull((await ipv6.ExchangeAsync(UdpProbe.AnnouncePacket(connection, 7, torrent, 1, 0))).Error);
    }

    [Fact]
    public async Task A_forged_connection_id_changes_nothing()
    {
        var torrent = Announcer.NewTorrent();
        var connection = await _udp.ConnectAsync();
        foreach (var forged in (ulong[])[0, UdpProbe.Magic, ulong.MaxValue, connection ^ 1, connection ^ (1UL << 63), connection + 1])
            Assert.Equal("Connection ID mismatch", (await _udp.ExchangeAsync(UdpProbe.AnnouncePacket(forged, 1, torrent, 1, 0))).Error);
        Assert.Null(await new Announcer(shared.Node).ScrapeAsync(torrent));
    }

    [Fact]
    public async Task Sockets_of_one_node_share_the_key()
    {
        // The kernel chooses the socket by the caller's port, so forty callers meet all of them.
        var connection = await _udp.ConnectAsync();
        for (var i = 0; i < 40; i++)
        {
            using var other = new UdpProbe(shared.Node);
            Assert.Equal(connection, await other.ConnectAsync());
        }
    }

    [Fact]
    public async Task Packets_that_are_no_requests_get_no_answer()
    {
        var connection = await _udp.ConnectAsync();
        byte[][] packets =
        [
            [], [0], new byte[15], UdpProbe.ConnectPacket(1)[..15], UdpProbe.ConnectPacket(1, UdpProbe.Magic + 1), new byte[16], new byte[2000],
            [.. UdpProbe.U64(connection), .. UdpProbe.U32(3), .. UdpProbe.U32(1)], // An error is an answer, not a request.
            [.. UdpProbe.U64(connection), .. UdpProbe.U32(uint.MaxValue), .. UdpProbe.U32(1)],
            UdpProbe.ScrapePacket(connection ^ 1, 1), // An error would be longer than this.
        ];
        foreach (var packet in packets)
            _udp.Send(packet);
        Assert.Null(await _udp.ReceiveAsync(Silence));
        await _udp.ConnectAsync();
    }

    /// <summary>More than are taken at once, with some among them that get no answer, another one, or their answer later than the rest.</summary>
    [Fact]
    public async Task Of_many_that_come_at_once_each_gets_its_own_answer()
    {
        var connection = await _udp.ConnectAsync();
        var torrent = Announcer.NewTorrent();
        var transactions = Enumerable.Range(0, 100).Select(_ => UdpProbe.NextTransaction()).ToArray();
        foreach (var (number, transaction) in transactions.Index())
        {
            _udp.Send((number % 10) switch
            {
                3 => new byte[15],
                5 => UdpProbe.AnnouncePacket(connection ^ 1, transaction, torrent, number, 0),
                6 => [.. UdpProbe.AnnouncePacket(connection, transaction, torrent, number, 0), .. new byte[3000]],
                7 => UdpProbe.ScrapePacket(connection, transaction, torrent),
                8 => UdpProbe.AnnouncePacket(connection, transaction, Announcer.NewTorrent(), number, 0),
                _ => UdpProbe.AnnouncePacket(connection, transaction, torrent, number, 0),
            });
        }

        var answers = new Dictionary<uint, string?>();
        for (var i = 0; i < 90; i++)
        {
            var answer = new UdpAnswer(await _udp.ReceiveAsync() ?? throw new TimeoutException($"{i} answers came."));
            answers.Add(answer.Transaction, answer.Error);
        }

        Assert.Null(await _udp.ReceiveAsync(Silence));
        foreach (var (number, transaction) in transactions.Index().Where(one => one.Index % 10 != 3))
        {
            var error = answers[transaction];
            Assert.True((number % 10) switch { 5 => error == "Connection ID mismatch", 6 => error?.StartsWith("request is too long", StringComparison.Ordinal) == true, _ => error is null }, $"{number}: {error}");
        }
    }

    [Fact]
    public async Task Short_and_oversize_requests_of_a_connected_caller_are_refused_by_name()
    {
        var connection = await _udp.ConnectAsync();
        var announce = UdpProbe.AnnouncePacket(connection, 9, Announcer.NewTorrent(), 1, 0);
        foreach (var length in (int[])[16, 36, 97])
            Assert.StartsWith("announce is too short", (await _udp.ExchangeAsync(announce[..length])).Error, StringComparison.Ordinal);
        foreach (var length in (int[])[2049, 9000, 60_000])
            Assert.StartsWith("request is too long", (await _udp.ExchangeAsync([.. announce, .. new byte[length - 98]])).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0 })]
    [InlineData(new byte[] { 0, 2, 200 })] // Nothing counts behind the end.
    [InlineData(new byte[] { 1, 1, 1, 0 })]
    [InlineData(new byte[] { 1, 77, 3, 9, 9, 9, 1 })] // An option nobody knows.
    [InlineData(new byte[] { 2, 0 })]
    [InlineData(new byte[] { 2, 1, (byte)'/' })]
    [InlineData(new byte[] { 2, 4, (byte)'?', (byte)'a', (byte)'=', (byte)'b' })]
    public async Task Options_without_a_passkey_announce_for_nobody_in_particular(byte[] options) =>
        Assert.Equal(1, (await _udp.AnnounceAsync(Announcer.NewTorrent(), 1, left: 0, options: options)).Seeders);

    [Theory]
    [InlineData(new byte[] { 2 })]
    [InlineData(new byte[] { 2, 5, (byte)'/' })]
    [InlineData(new byte[] { 1, 77, 200, 1 })]
    public async Task An_option_that_is_cut_off_is_no_reason_to_refuse(byte[] options) =>
        Assert.Equal(1, (await _udp.AnnounceAsync(Announcer.NewTorrent(), 1, left: 0, options: options)).Seeders);

    [Fact]
    public async Task A_passkey_that_is_cut_off_is_a_passkey_still() =>
        Assert.Equal("unknown passkey", (await _udp.AnnounceAsync(Announcer.NewTorrent(), 1, left: 0, options: [2, 200, .. "/announce/abc"u8])).Error);

    [Fact]
    public async Task Bytes_behind_a_scrape_are_no_reason_to_refuse()
    {
        var torrent = Announcer.NewTorrent();
        await _udp.AnnounceAsync(torrent, 1, left: 0);
        var reply = await _udp.ExchangeAsync([.. UdpProbe.ScrapePacket(await _udp.ConnectAsync(), 1, torrent), 1, 2, 3]);
        Assert.Null(reply.Error);
        Assert.Equal(20, reply.Bytes.Length);
    }

    [Theory]
    [InlineData("/announce/0123456789abcdef0123456789abcdef", "unknown passkey")]
    [InlineData("/announce//0123456789abcdef0123456789abcdef", "unknown passkey")]
    [InlineData("?passkey=0123456789abcdef0123456789abcdef", "unknown passkey")]
    [InlineData("/0123456789abcdef0123456789abcdef/announce", "unknown passkey")]
    [InlineData("/0123456789abcdef0123456789abcdef", "unknown path")]
    [InlineData("/announce/a/b", "unknown path")]
    [InlineData("announce", "unknown path")]
    [InlineData("/announce?user_id=%zz", "user_id is invalid")]
    public async Task A_path_that_names_nobody_is_refused(string url, string error)
    {
        foreach (var piece in (int[])[255, 7, 1])
            Assert.StartsWith(error, (await _udp.AnnounceAsync(Announcer.NewTorrent(), 1, left: 0, options: UdpProbe.UrlData(url, piece))).Error, StringComparison.Ordinal);
    }
}
