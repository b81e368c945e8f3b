using System.Text;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Torrents;

namespace Pbts.Protocol.Tests.Torrents;

public sealed class TorrentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-torrent").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_created_torrent_reads_back_with_its_pieces()
    {
        var path = Path.Combine(_folder, "data.bin");
        var data = new byte[40_000];
        new Random(1).NextBytes(data);
        await File.WriteAllBytesAsync(path, data);
        var bytes = await TorrentBuilder.CreateAsync(path, "http://127.0.0.1:8000/announce", 16384);
        Assert.True(TorrentMetadata.TryParse(bytes, out var torrent, out _));
        Assert.Equal(3, torrent.PieceCount);
        Assert.Equal(40_000 - 2 * 16384, torrent.PieceSize(2));
        Assert.Equal(TorrentHash.Of(data.AsSpan(32768)), torrent.PieceHash(2).ToArray());
        Assert.True(torrent.IsPrivate);
        Assert.Equal(["http://127.0.0.1:8000/announce"], torrent.Trackers);
        Assert.Equal(("data.bin", 40_000L), (torrent.Name, torrent.TotalLength));
        Assert.Equal(bytes, await TorrentBuilder.CreateAsync(path, "http://127.0.0.1:8000/announce", 16384));
    }

    [Fact]
    public async Task Pieces_of_a_folder_run_across_its_files()
    {
        var folder = Path.Combine(_folder, "album");
        Directory.CreateDirectory(Path.Combine(folder, "b"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "a.txt"), Enumerable.Repeat((byte)1, 10).ToArray());
        await File.WriteAllBytesAsync(Path.Combine(folder, "b", "c.txt"), Enumerable.Repeat((byte)2, 10).ToArray());
        var bytes = await TorrentBuilder.CreateAsync(folder, "http://t/announce", 16);
        Assert.True(TorrentMetadata.TryParse(bytes, out var torrent, out _));
        Assert.Equal(["album/a.txt", "album/b/c.txt"], torrent.Files.Select(f => f.Path));
        Assert.Equal(10, torrent.Files[1].Offset);
        byte[] first = [.. Enumerable.Repeat((byte)1, 10), .. Enumerable.Repeat((byte)2, 6)];
        Assert.Equal(TorrentHash.Of(first), torrent.PieceHash(0).ToArray());
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a\\b")]
    [InlineData("/etc/passwd")]
    public void A_name_or_path_that_leads_outside_is_refused(string part)
    {
        var pieces = BencodeValue.Of(new byte[20]);
        var named = BencodeValue.Dictionary(("info", BencodeValue.Dictionary(
            ("length", BencodeValue.Of(5)), ("name", BencodeValue.Of(part)), ("piece length", BencodeValue.Of(16)), ("pieces", pieces))));
        Assert.False(TorrentMetadata.TryParse(named.Encode(), out _, out var error));
        Assert.StartsWith("info.name", error, StringComparison.Ordinal);

        var file = BencodeValue.Dictionary(("length", BencodeValue.Of(5)), ("path", BencodeValue.List([BencodeValue.Of("ok"), BencodeValue.Of(part)])));
        var nested = BencodeValue.Dictionary(("info", BencodeValue.Dictionary(
            ("files", BencodeValue.List([file])), ("name", BencodeValue.Of("n")), ("piece length", BencodeValue.Of(16)), ("pieces", pieces))));
        Assert.False(TorrentMetadata.TryParse(nested.Encode(), out _, out error));
        Assert.StartsWith("info.files.path", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 16, 1)]
    [InlineData(-1, 16, 1)]
    [InlineData(long.MaxValue, 16, 1)]
    [InlineData(5, 0, 1)]
    [InlineData(5, 16, 2)]
    [InlineData(17, 16, 1)]
    public void Lengths_that_do_not_fit_are_refused(long length, long pieceLength, int pieces)
    {
        var value = BencodeValue.Dictionary(("info", BencodeValue.Dictionary(
            ("length", BencodeValue.Of(length)), ("name", BencodeValue.Of("n")),
            ("piece length", BencodeValue.Of(pieceLength)), ("pieces", BencodeValue.Of(new byte[20 * pieces])))));
        Assert.False(TorrentMetadata.TryParse(value.Encode(), out _, out var error));
        Assert.StartsWith("info.", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_no_torrent_says_so()
    {
        Assert.False(TorrentMetadata.TryParse(Encoding.UTF8.GetBytes("<html>"), out _, out var error));
        Assert.StartsWith("not a torrent", error, StringComparison.Ordinal);
    }
}
