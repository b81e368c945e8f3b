using Microsoft.Win32.SafeHandles;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Exchange;

/// <summary>The torrent's bytes on disk. Thread-safe; one operation at a time.</summary>
/// <param name="torrent">The torrent.</param>
/// <param name="folder">The folder its files lie in.</param>
/// <param name="writable">Whether files may be created and written.</param>
internal sealed class PieceStore(TorrentMetadata torrent, string folder, bool writable) : IDisposable
{
    private const int MaxOpenFiles = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, SafeFileHandle> _open = [];

    /// <summary>Hashes what is on disk and gives the pieces that are right.</summary>
    public async Task<Bitfield> VerifyAsync(CancellationToken cancellationToken)
    {
        var have = new Bitfield(torrent.PieceCount);
        var buffer = new byte[torrent.PieceLength];
        for (var index = 0; index < torrent.PieceCount; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var piece = buffer.AsMemory(0, torrent.PieceSize(index));
            if (TryRead((long)index * torrent.PieceLength, piece.Span) && TorrentHash.Matches(piece.Span, torrent.PieceHash(index).Span))
                have.Set(index);
            if (index % 64 == 63)
                await Task.Yield();
        }
        return have;
    }

    /// <summary>Reads bytes of the torrent; <c>false</c> when the files do not hold them (yet).</summary>
    public bool TryRead(long offset, Span<byte> destination)
    {
        lock (_gate)
        {
            foreach (var (file, inFile, start, length) in Parts(offset, destination.Length))
            {
                if (torrent.Files[file].IsPadding)
                {
                    destination.Slice(start, length).Clear();
                    continue;
                }
                var handle = Open(file, write: false);
                if (handle is null || !ReadFully(handle, destination.Slice(start, length), inFile))
                    return false;
            }
            return true;
        }
    }

    /// <summary>Writes bytes of the torrent.</summary>
    /// <exception cref="IOException">The disk refuses, or padding is not the zeros it will be read as.</exception>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        lock (_gate)
            foreach (var (file, inFile, start, length) in Parts(offset, source.Length))
                if (!torrent.Files[file].IsPadding)
                    RandomAccess.Write(Open(file, write: true)!, source.Slice(start, length), inFile);
                else if (source.Slice(start, length).ContainsAnyExcept((byte)0))
                    throw new IOException("the torrent's padding is not zeros (BEP 47)");
    }

    /// <summary>Creates the files that have no bytes, which no piece would create.</summary>
    public void CreateEmptyFiles()
    {
        lock (_gate)
            for (var i = 0; i < torrent.Files.Count; i++)
                if (torrent.Files[i] is { Length: 0, IsPadding: false })
                    Open(i, write: true);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var handle in _open.Values)
                handle.Dispose();
            _open.Clear();
        }
    }

    private static bool ReadFully(SafeFileHandle handle, Span<byte> destination, long offset)
    {
        while (destination.Length > 0)
        {
            var read = RandomAccess.Read(handle, destination, offset);
            if (read == 0)
                return false;
            destination = destination[read..];
            offset += read;
        }
        return true;
    }

    private IEnumerable<(int File, long InFile, int Start, int Length)> Parts(long offset, int length)
    {
        // The last file that begins at or before the offset; files are in order of their offsets.
        var (low, high) = (0, torrent.Files.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = torrent.Files[middle].Offset <= offset ? (middle, high) : (low, middle - 1);
        }
        for (var start = 0; start < length; low++)
        {
            var file = torrent.Files[low];
            var part = (int)Math.Min(length - start, file.Offset + file.Length - offset - start);
            if (part <= 0)
                continue;
            yield return (low, offset + start - file.Offset, start, part);
            start += part;
        }
    }

    private SafeFileHandle? Open(int file, bool write)
    {
        if (_open.TryGetValue(file, out var handle))
            return handle;
        var path = Path.Combine(folder, torrent.Files[file].Path.Replace('/', Path.DirectorySeparatorChar));
        if (!write && !File.Exists(path))
            return null;
        if (write)
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (_open.Count >= MaxOpenFiles)
        {
            var oldest = _open.First();
            _open.Remove(oldest.Key);
            oldest.Value.Dispose();
        }
        handle = File.OpenHandle(path, writable ? FileMode.OpenOrCreate : FileMode.Open,
            writable ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite);
        _open[file] = handle;
        return handle;
    }
}
