using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Builds announces and scrapes and reads the answers.</summary>
internal sealed class Announcer(NodeProcess node)
{
    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");

    private static int s_torrents;

    public IPEndPoint IPv4 { get; } = new(IPAddress.Loopback, node.Port);

    public IPEndPoint IPv6 { get; } = new(IPAddress.IPv6Loopback, node.Port);

    /// <summary>An info hash no other test uses.</summary>
    public static byte[] NewTorrent() => SHA1.HashData(Encoding.ASCII.GetBytes($"torrent {Interlocked.Increment(ref s_torrents)} {Environment.ProcessId}"));

    /// <summary>Every byte escaped.</summary>
    public static string Escape(byte[] bytes) => string.Concat(bytes.Select(value => $"%{value:x2}"));

    /// <summary>A target with the required parameters; <paramref name="more"/> is appended.</summary>
    public static string Target(byte[] infoHash, int peer, long left, string more = "", string path = "/announce") =>
        $"{path}?info_hash={Escape(infoHash)}&peer_id=-XX0001-{peer:D12}&port={1000 + peer}&uploaded=0&downloaded=0&left={left}{more}";

    public Task<TrackerReply> AnnounceAsync(byte[] infoHash, int peer, long left, string more = "", bool ipv6 = false, string headers = "", IPAddress? from = null) =>
        GetAsync(Target(infoHash, peer, left, more), ipv6, headers, from);

    public async Task<TrackerReply> GetAsync(string target, bool ipv6 = false, string headers = "", IPAddress? from = null) =>
        new(await RawHttp.GetBodyAsync(ipv6 ? IPv6 : IPv4, Encoding.Latin1.GetBytes(target), headers, from));

    /// <summary>A member's client says that it has uploaded so many bytes in a torrent where somebody else is.</summary>
    public async Task ClaimAsync(Member member, long bytes)
    {
        var torrent = NewTorrent();
        await AnnounceAsync(torrent, 2, left: 5);
        foreach (var (uploaded, more) in ((long, string)[])[(0, "&event=started"), (bytes, "")])
        {
            var target = Target(torrent, 1, 5, more, "/announce/" + member.Passkey).Replace("uploaded=0", $"uploaded={uploaded}", StringComparison.Ordinal);
            Assert.Null((await GetAsync(target, from: Elsewhere)).Failure);
        }
    }

    public async Task<ScrapeEntry?> ScrapeAsync(byte[] infoHash) =>
        (await GetAsync($"/scrape?info_hash={Escape(infoHash)}")).Scrape(infoHash);
}
