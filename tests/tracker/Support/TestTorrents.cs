using System.Security.Cryptography;
using System.Text;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Receipts;

namespace Pbts.Tracker.Tests.Support;

/// <summary>Torrent files of one file, of either version and of both, whose pieces are of nothing.</summary>
internal static class TestTorrents
{
    private const int PieceLength = 16384;

    /// <summary>A torrent file and the infohashes it is announced under.</summary>
    public static (byte[] File, InfoHash[] InfoHashes) Make(string name, long length = PieceLength * 3, bool version1 = true, bool version2 = false)
    {
        var info = new List<(string, BencodeValue)> { ("name", BencodeValue.Of(name)), ("piece length", BencodeValue.Of(PieceLength)), ("private", BencodeValue.Of(1)) };
        if (version1)
        {
            info.Add(("length", BencodeValue.Of(length)));
            info.Add(("pieces", BencodeValue.Of(new byte[20 * ((length + PieceLength - 1) / PieceLength)])));
        }

        if (version2)
        {
            info.Add(("meta version", BencodeValue.Of(2)));
            info.Add(("file tree", BencodeValue.Dictionary((name, BencodeValue.Dictionary(("", BencodeValue.Dictionary(
                ("length", BencodeValue.Of(length)), ("pieces root", BencodeValue.Of(SHA256.HashData(Encoding.UTF8.GetBytes(name)))))))))));
        }

        var encoded = BencodeValue.Dictionary(info);
        var hashes = new List<InfoHash>();
        if (version1)
            hashes.Add(InfoHash.From(SHA1.HashData(encoded.Encode())));
        if (version2)
            hashes.Add(InfoHash.From(SHA256.HashData(encoded.Encode())[..InfoHash.Length]));
        return (BencodeValue.Dictionary(("announce", BencodeValue.Of("http://tracker.example/announce")), ("info", encoded)).Encode(), [.. hashes]);
    }

    /// <summary>Registers it with the tracker.</summary>
    public static async Task<InfoHash[]> PublishAsync(HttpClient tracker, (byte[] File, InfoHash[] InfoHashes) torrent, params (string Name, string Value)[] headers)
    {
        var (status, answer) = await tracker.CallAsync(HttpMethod.Post, "/torrents", new ByteArrayContent(torrent.File), headers);
        Assert.True(status == System.Net.HttpStatusCode.Created, answer.ToJsonString());
        Assert.Equal(torrent.InfoHashes.Select(hash => hash.ToString()), answer["torrents"]!.AsArray().Select(one => (string)one!["infohash"]!));
        return torrent.InfoHashes;
    }
}
