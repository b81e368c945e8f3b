using Pbts.Peer.Exchange;
using Pbts.Protocol.Torrents;

namespace Pbts.Tracker.Tests.Peers;

public sealed class PieceStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-store").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Pieces_run_across_files_and_empty_files_appear()
    {
        var source = Path.Combine(_folder, "album");
        Directory.CreateDirectory(Path.Combine(source, "deep"));
        byte[] all = new byte[5000];
        new Random(3).NextBytes(all);
        await File.WriteAllBytesAsync(Path.Combine(source, "a"), all[..10]);
        await File.WriteAllBytesAsync(Path.Combine(source, "b"), []);
        await File.WriteAllBytesAsync(Path.Combine(source, "c"), all[10..11]);
        await File.WriteAllBytesAsync(Path.Combine(source, "deep", "d"), all[11..]);
        Assert.True(TorrentMetadata.TryParse(await TorrentBuilder.CreateAsync(source, "http://t/announce", 1024), out var torrent, out var error), error);

        using var from = new PieceStore(torrent, _folder, writable: false);
        Assert.True((await from.VerifyAsync(default)).IsComplete);
        var target = Path.Combine(_folder, "copy");
        using var to = new PieceStore(torrent, target, writable: true);
        Assert.Equal(0, (await to.VerifyAsync(default)).Count);
        to.CreateEmptyFiles();
        // The last pieces first: the file is there before its beginning is.
        for (var piece = torrent.PieceCount - 1; piece >= 0; piece--)
        {
            var bytes = new byte[torrent.PieceSize(piece)];
            Assert.True(from.TryRead((long)piece * 1024, bytes));
            Assert.Equal(all[(piece * 1024)..(piece * 1024 + bytes.Length)], bytes);
            to.Write((long)piece * 1024, bytes);
            Assert.Equal(torrent.PieceCount - piece, (await to.VerifyAsync(default)).Count);
        }
        foreach (var file in torrent.Files)
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(_folder, file.Path)), await File.ReadAllBytesAsync(Path.Combine(target, file.Path)));
    }

    [Fact]
    public async Task Padding_is_zeros_that_no_disk_holds_and_nothing_else()
    {
        byte[] first = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, .. new byte[6]];
        byte[] last = [11, 12, 13];
        var torrent = new TorrentMetadata
        {
            InfoHash = default, Name = "n", PieceLength = 16, TotalLength = 19, IsPrivate = true, Tiers = [],
            Files = [new("n/a", 10, 0), new("n/.pad/6", 6, 10, IsPadding: true), new("n/.pad/6", 0, 16, IsPadding: true), new("n/b", 3, 16)],
            PieceHashes = (byte[])[.. TorrentHash.Of(first), .. TorrentHash.Of(last)],
        };
        using var store = new PieceStore(torrent, _folder, writable: true);
        store.Write(0, first);
        store.Write(16, last);
        store.CreateEmptyFiles();
        Assert.Equal(["a", "b"], Directory.EnumerateFileSystemEntries(Path.Combine(_folder, "n")).Select(Path.GetFileName).Order());
        Assert.True((await store.VerifyAsync(default)).IsComplete);
        var read = Enumerable.Repeat((byte)9, 19).ToArray();
        Assert.True(store.TryRead(0, read));
        Assert.Equal([.. first, .. last], read);
        // It would be read back as zeros, and others would be given what is wrong.
        first[15] = 1;
        Assert.Throws<IOException>(() => store.Write(0, first));
    }

    [Fact]
    public void A_bitfield_reads_back_and_refuses_spare_bits_and_lengths()
    {
        var bitfield = new Bitfield(11);
        foreach (var piece in new[] { 0, 7, 8, 10 })
            Assert.True(bitfield.Set(piece));
        Assert.False(bitfield.Set(7));
        Assert.Equal([0x81, 0xA0], bitfield.ToArray());
        Assert.True(Bitfield.TryParse([0x81, 0xA0], 11, out var back));
        Assert.Equal(4, back.Count);
        Assert.False(Bitfield.TryParse([0x81, 0xB0], 11, out _));
        Assert.False(Bitfield.TryParse([0x81], 11, out _));
        Assert.False(Bitfield.TryParse([0x81, 0xA0, 0], 11, out _));
    }
}
