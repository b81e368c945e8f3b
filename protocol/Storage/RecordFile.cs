using System.Security.Cryptography;

namespace Pbts.Protocol.Storage;

/// <summary>
/// An append-only file of records of one length, its owner's only. Survives the end of the process at any byte: each record
/// ends with 8 bytes of SHA-256 over the rest of it, and from the first that is torn on the file is dropped when it is
/// opened. Not for concurrent use, but that one may wait in <see cref="Flush"/> while another appends.
/// </summary>
public sealed class RecordFile : IDisposable
{
    /// <summary>Bytes at the end of a record that are not its content.</summary>
    public const int SealLength = 8;

    private readonly string _path;
    private readonly int _length;
    private volatile FileStream _file;

    private RecordFile(string path, int length, FileStream file)
    {
        _path = path;
        _length = length;
        _file = file;
    }

    /// <summary>Takes the content of a record that is read back; <c>false</c> when it is none.</summary>
    /// <param name="content">All but the seal.</param>
    /// <param name="position">Where the record begins in the file.</param>
    public delegate bool Reader(ReadOnlySpan<byte> content, long position);

    /// <summary>Records in the file.</summary>
    public long Records => _file.Length / _length;

    /// <summary>Opens or creates the file and reads its records, oldest first.</summary>
    /// <param name="path">The file.</param>
    /// <param name="length">Bytes of a record, with its seal.</param>
    /// <param name="read">Takes each.</param>
    /// <exception cref="IOException">It cannot be opened, or another process has it open: two would tear each other's records.</exception>
    public static RecordFile Open(string path, int length, Reader read)
    {
        var file = PrivateFile.Open(path, FileMode.OpenOrCreate);
        var good = 0L;
        var record = new byte[length];
        var reader = new BufferedStream(file, 1 << 16);
        while (reader.ReadAtLeast(record, length, throwOnEndOfStream: false) == length && IsSealed(record) && read(record.AsSpan(..^SealLength), good))
            good += length;
        file.SetLength(good);
        file.Seek(0, SeekOrigin.End);
        return new RecordFile(path, length, file);
    }

    /// <summary>Seals records and appends them in one write.</summary>
    /// <param name="records">One after another, each with room for its seal.</param>
    /// <exception cref="IOException">The disk refuses; nothing is appended.</exception>
    public void Append(Span<byte> records)
    {
        for (var rest = records; rest.Length > 0; rest = rest[_length..])
            Seal(rest[.._length]);
        var end = _file.Length;
        try
        {
            _file.Write(records);
        }
        catch (IOException)
        {
            // A full disk may have taken a part, and records after a torn one would never be read.
            _file.SetLength(end);
            _file.Seek(0, SeekOrigin.End);
            throw;
        }
    }

    /// <summary>Returns when everything appended before is on the disk.</summary>
    public void Flush()
    {
        var file = _file;
        try
        {
            file.Flush(flushToDisk: true);
        }
        catch (ObjectDisposedException) when (file != _file)
        {
            // Replaced meanwhile, by one that was on the disk first.
        }
    }

    /// <summary>Replaces the file by one with these records only.</summary>
    public void Replace(Span<byte> records)
    {
        var temporary = _path + ".new";
        var next = PrivateFile.Open(temporary, FileMode.Create);
        var old = _file;
        try
        {
            _file = next;
            Append(records);
            Flush();
            File.Move(temporary, _path, overwrite: true);
        }
        catch
        {
            _file = old;
            next.Dispose();
            throw;
        }
        old.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void Seal(Span<byte> record)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record[..^SealLength], hash);
        hash[..SealLength].CopyTo(record[^SealLength..]);
    }

    private static bool IsSealed(ReadOnlySpan<byte> record)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(record[..^SealLength], hash);
        return hash[..SealLength].SequenceEqual(record[^SealLength..]);
    }
}
