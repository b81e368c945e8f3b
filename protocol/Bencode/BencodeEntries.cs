using System.Buffers;
using System.Text;

namespace Pbts.Protocol.Bencode;

/// <summary>
/// A dictionary of which some entries are left out, added or replaced while all others stay as they are, byte for byte: a
/// torrent that is to name another tracker keeps its infohash.
/// </summary>
public sealed class BencodeEntries
{
    // Latin-1: one character a byte, so that ordinal order is that of the bytes.
    private readonly SortedDictionary<string, ReadOnlyMemory<byte>> _entries = new(StringComparer.Ordinal);

    /// <summary>The entries of a dictionary; none for another kind. Of a key given twice the first counts.</summary>
    public static BencodeEntries Of(BencodeElement dictionary)
    {
        var entries = new BencodeEntries();
        foreach (var (key, value) in dictionary.Entries())
            entries._entries.TryAdd(Encoding.Latin1.GetString(key.Span), value.Encoded);
        return entries;
    }

    /// <summary>Leaves an entry out.</summary>
    public void Remove(string key) => _entries.Remove(key);

    /// <summary>Leaves out the entries whose key says so.</summary>
    public void RemoveWhere(Predicate<string> which)
    {
        ArgumentNullException.ThrowIfNull(which);
        foreach (var key in _entries.Keys.ToArray())
        {
            if (which(key))
                _entries.Remove(key);
        }
    }

    /// <summary>Leaves out the entries whose value says so.</summary>
    public void RemoveWhere(Predicate<ReadOnlyMemory<byte>> which)
    {
        ArgumentNullException.ThrowIfNull(which);
        foreach (var (key, value) in _entries.ToArray())
        {
            if (which(value))
                _entries.Remove(key);
        }
    }

    /// <summary>Adds an entry, or replaces it.</summary>
    public void Set(string key, BencodeValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _entries[key] = value.Encode();
    }

    /// <summary>Adds an entry, or replaces it, with a value that is encoded already.</summary>
    public void Set(string key, ReadOnlyMemory<byte> encoded) => _entries[key] = encoded;

    /// <summary>The dictionary, its keys sorted.</summary>
    public byte[] Encode()
    {
        var buffer = new ArrayBufferWriter<byte>();
        var writer = new BencodeWriter(buffer);
        writer.Dictionary();
        foreach (var (key, value) in _entries)
        {
            writer.Bytes(Encoding.Latin1.GetBytes(key));
            buffer.Write(value.Span);
        }

        writer.End();
        return buffer.WrittenSpan.ToArray();
    }
}
