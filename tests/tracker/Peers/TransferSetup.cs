using System.Net;
using Pbts.Peer;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Torrents;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>A torrent of random bytes with folders for its peers, all on loopback.</summary>
internal sealed class TransferSetup : IDisposable
{
    private TransferSetup(string folder, byte[] data, TorrentMetadata torrent, byte[] torrentFile)
    {
        Folder = folder;
        Data = data;
        Torrent = torrent;
        TorrentFile = torrentFile;
    }

    public string Folder { get; }

    public byte[] Data { get; }

    public TorrentMetadata Torrent { get; }

    public byte[] TorrentFile { get; }

    public List<string> Log { get; } = [];

    public static async Task<TransferSetup> CreateAsync(int length, int pieceLength, string announceUrl = "http://127.0.0.1:1/announce")
    {
        var folder = Directory.CreateTempSubdirectory("pbts-peers").FullName;
        var data = new byte[length];
        new Random(length).NextBytes(data);
        Directory.CreateDirectory(Path.Combine(folder, "seed"));
        var path = Path.Combine(folder, "seed", "data.bin");
        await File.WriteAllBytesAsync(path, data);
        var file = await TorrentBuilder.CreateAsync(path, announceUrl, pieceLength);
        Assert.True(TorrentMetadata.TryParse(file, out var torrent, out var error), error);
        return new TransferSetup(folder, data, torrent, file);
    }

    public Task<TorrentPeer> StartAsync(string name, MemberIdentity? identity, TrackerClient? tracker = null, Func<PeerOptions, PeerOptions>? change = null)
    {
        var options = new PeerOptions
        {
            Identity = identity, Listen = IPAddress.Loopback, StateFolder = Path.Combine(Folder, name + ".state"),
            Log = text =>
            {
                lock (Log)
                    Log.Add($"{name}: {text}");
            },
        };
        return TorrentPeer.StartAsync(Torrent, Path.Combine(Folder, name), tracker is null ? null : TrackerSet.Of(tracker), change is null ? options : change(options));
    }

    public byte[] Downloaded(string name) => File.ReadAllBytes(Path.Combine(Folder, name, "data.bin"));

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public static IPEndPoint Address(TorrentPeer peer) => new(IPAddress.Loopback, peer.Session.ListenPort);

    public static async Task EventuallyAsync(Func<bool> condition, string what, int seconds = 20)
    {
        for (var i = 0; i < seconds * 20; i++)
        {
            if (condition())
                return;
            await Task.Delay(50);
        }
        Assert.Fail($"not within {seconds} s: {what}");
    }
}
