using System.Diagnostics;
using System.Text;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Torrents;

namespace Pbts.Protocol.Tests.Torrents;

/// <summary>Torrents as other programs make them, and files that cannot be in one.</summary>
public sealed class ForeignTorrentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-torrent").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    public void The_infohash_is_that_of_the_bytes_as_they_are(string behind)
    {
        // Neither sorted nor written as we would.
        var info = $"d12:piece lengthi16e4:name1:n6:lengthi05e6:pieces20:{new string('x', 20)}e";
        Assert.True(TorrentMetadata.TryParse(Encoding.Latin1.GetBytes($"d4:info{info}8:announce8:http://te{behind}"), out var torrent, out var error), error);
        Assert.Equal(TorrentHash.Of(Encoding.Latin1.GetBytes(info)), torrent.InfoHash.Span.ToArray());
        Assert.Equal(("n", 5L, "http://t"), (torrent.Name, torrent.TotalLength, Assert.Single(torrent.Trackers)));
    }

    [Fact]
    public void Pad_files_may_share_a_path_and_other_files_may_not()
    {
        Assert.True(TryParse([File("a", 10), File(".pad/6", 6, "p"), File("b", 10), File(".pad/6", 6, "p"), File("c", 3)], out var torrent, out var error), error);
        Assert.Equal([false, true, false, true, false], torrent!.Files.Select(f => f.IsPadding));
        Assert.Equal([0L, 10, 16, 26, 32], torrent.Files.Select(f => f.Offset));

        Assert.False(TryParse([File("a", 10), File("b", 3), File("a", 10)], out _, out error));
        Assert.Equal("info.files.path: a is two files", error);
        Assert.False(TryParse([File("a", 10), File("../6", 6, "p")], out _, out error));
        Assert.StartsWith("info.files.path", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_are_not_utf8_stay_different()
    {
        var (first, second) = (Named([.. "caf"u8, 0xe9]), Named([.. "caf"u8, 0xe8]));
        Assert.True(TryParse([first, second], out var torrent, out var error), error);
        Assert.Equal(["n/café", "n/cafè"], torrent!.Files.Select(f => f.Path));

        // What the maker's code page meant is beside it.
        Assert.True(TryParse([Named([0x83, 0x65], ("path.utf-8", BencodeValue.List([BencodeValue.Of("テ")])))], out torrent, out error), error);
        Assert.Equal("n/テ", torrent!.Files[0].Path);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("..")]
    [InlineData("/etc/passwd")]
    public void A_name_beside_the_name_does_not_lead_outside_either(string part)
    {
        Assert.False(TryParse([Named([0x83], ("path.utf-8", BencodeValue.List([BencodeValue.Of(part)])))], out _, out var error));
        Assert.StartsWith("info.files.path", error, StringComparison.Ordinal);
        Assert.False(TryParse([File("a", 1)], out _, out error, ("name.utf-8", BencodeValue.Of(part))));
        Assert.StartsWith("info.name", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_no_file_system_takes_is_refused_by_its_length_on_disk()
    {
        Assert.True(TryParse([Named([.. Enumerable.Repeat((byte)0xe9, 127)])], out _, out var error), error);
        Assert.False(TryParse([Named([.. Enumerable.Repeat((byte)0xe9, 128)])], out _, out _));
    }

    [Fact]
    public void Trackers_are_read_in_their_tiers_and_the_single_one_only_without_them()
    {
        var (announce, list) = (("announce", BencodeValue.Of("http://a/announce")), ("announce-list", BencodeValue.List(
        [
            BencodeValue.List([BencodeValue.Of("udp://b:1/announce"), BencodeValue.Of("http://c/announce")]), BencodeValue.List([]),
            BencodeValue.List([BencodeValue.Of("http://d/announce"), BencodeValue.Of("http://c/announce")]),
        ])));
        Assert.True(TorrentMetadata.TryParse(Torrent([File("a", 1)], announce, list), out var torrent, out var error), error);
        Assert.Equal(["udp://b:1/announce http://c/announce", "http://d/announce"], torrent.Tiers.Select(tier => string.Join(' ', tier)));
        foreach (var empty in new[] { BencodeValue.List([]), BencodeValue.List([BencodeValue.List([])]) })
        {
            Assert.True(TorrentMetadata.TryParse(Torrent([File("a", 1)], announce, ("announce-list", empty)), out torrent, out error), error);
            Assert.Equal(["http://a/announce"], torrent.Trackers);
        }
    }

    [Fact]
    public async Task Devices_and_pipes_are_no_files_to_share()
    {
        using (var mkfifo = Process.Start("mkfifo", Path.Combine(_folder, "pipe")))
            await mkfifo.WaitForExitAsync();
        await System.IO.File.WriteAllTextAsync(Path.Combine(_folder, "good"), "good");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "link"), "/dev/zero");
        foreach (var path in new[] { "/dev/zero", "/dev/null", Path.Combine(_folder, "pipe"), Path.Combine(_folder, "link"), _folder })
        {
            var creating = TorrentBuilder.CreateAsync(path, "http://t/announce", 1024);
            var refused = await Assert.ThrowsAsync<IOException>(() => creating.WaitAsync(TimeSpan.FromSeconds(20)));
            Assert.Contains("a device, pipe or socket cannot be shared", refused.Message, StringComparison.Ordinal);
        }
        Assert.NotEmpty(await TorrentBuilder.CreateAsync(Path.Combine(_folder, "good"), "http://t/announce", 1024));
    }

    private static BencodeValue File(string path, int length, string? attributes = null) => BencodeValue.Dictionary(
    [
        ("length", BencodeValue.Of(length)), ("path", BencodeValue.List(path.Split('/').Select(BencodeValue.Of))),
        .. attributes is null ? Array.Empty<(string, BencodeValue)>() : [("attr", BencodeValue.Of(attributes))],
    ]);

    private static BencodeValue Named(byte[] name, params (string, BencodeValue)[] more) =>
        BencodeValue.Dictionary([("length", BencodeValue.Of(1)), ("path", BencodeValue.List([BencodeValue.Of(name)])), .. more]);

    private static bool TryParse(BencodeValue[] files, out TorrentMetadata? torrent, out string error, params (string, BencodeValue)[] info) =>
        TorrentMetadata.TryParse(BencodeValue.Dictionary(("info", Info(files, info))).Encode(), out torrent, out error);

    private static byte[] Torrent(BencodeValue[] files, params (string, BencodeValue)[] more) => BencodeValue.Dictionary([("info", Info(files, [])), .. more]).Encode();

    private static BencodeValue Info(BencodeValue[] files, (string, BencodeValue)[] more)
    {
        var total = files.Sum(file => BencodeDocument.TryParse(file.Encode(), BencodeLimits.Message, out var document) == BencodeError.None
            && document!.Root.TryGetNumber("length"u8, out var length) ? (int)length : 0);
        return BencodeValue.Dictionary(
        [
            ("files", BencodeValue.List(files)), ("name", BencodeValue.Of("n")), ("piece length", BencodeValue.Of(16)),
            ("pieces", BencodeValue.Of(new byte[20 * ((total + 15) / 16)])), .. more,
        ]);
    }
}
