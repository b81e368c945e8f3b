using System.Security.Cryptography;
using Pbts.Protocol.Bencode;

namespace Pbts.Tracker.Tests.Clients;

/// <summary>A private torrent (BEP 27) of one file with random content, in a folder of its own.</summary>
internal sealed class TestTorrent : IDisposable
{
    public const string FileName = "payload.bin";
    private const int Size = 8 << 20;

    private readonly byte[] _content;
    private readonly int _pieceLength;

    public TestTorrent(Uri announce, int pieceLength, int size = Size)
        : this(announce, pieceLength, RandomNumberGenerator.GetBytes(size))
    {
    }

    private TestTorrent(Uri announce, int pieceLength, byte[] content)
    {
        (_content, _pieceLength) = (content, pieceLength);
        Directory.CreateDirectory(Folder);
        var info = BencodeValue.Dictionary(
            ("name", BencodeValue.Of(FileName)),
            ("length", BencodeValue.Of(content.Length)),
            ("piece length", BencodeValue.Of(pieceLength)),
            ("pieces", BencodeValue.Of(_content.Chunk(pieceLength).SelectMany(SHA1.HashData).ToArray())),
            ("private", BencodeValue.Of(1)));
        InfoHash = SHA1.HashData(info.Encode());
        File.WriteAllBytes(MetaInfoPath, BencodeValue.Dictionary(
            ("announce", BencodeValue.Of(announce.AbsoluteUri)),
            ("info", info)).Encode());
    }

    /// <summary>Parent of everything the torrent's clients write.</summary>
    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"pbts-clients-{Guid.NewGuid():N}"[..26]);

    /// <summary>Bytes of the file.</summary>
    public long Length => _content.Length;

    public string MetaInfoPath => Path.Combine(Folder, "payload.torrent");

    public byte[] InfoHash { get; }

    /// <summary>The same torrent, with its content, for clients that announce elsewhere.</summary>
    public TestTorrent Announcing(Uri announce) => new(announce, _pieceLength, _content);

    /// <summary>Puts the complete file where a seeder looks for it.</summary>
    public void WriteContentTo(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), _content);

    /// <summary>True when <paramref name="folder"/> holds the file, byte for byte.</summary>
    public bool IsCompleteIn(string folder)
    {
        try
        {
            var file = new FileInfo(Path.Combine(folder, FileName));
            return file.Exists && file.Length == _content.Length && File.ReadAllBytes(file.FullName).AsSpan().SequenceEqual(_content);
        }
        catch (IOException)
        {
            return false; // Being renamed by the client.
        }
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
