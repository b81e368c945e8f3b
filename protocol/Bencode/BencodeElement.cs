namespace Pbts.Protocol.Bencode;

/// <summary>One value inside a <see cref="BencodeDocument"/>.</summary>
public readonly struct BencodeElement
{
    private readonly BencodeDocument _document;
    private readonly int _index;

    internal BencodeElement(BencodeDocument document, int index)
    {
        _document = document;
        _index = index;
    }

    /// <summary>The kind of the value.</summary>
    public BencodeKind Kind => Node.Kind;

    /// <summary>The value's own encoded bytes, as received: the info hash is the SHA-1 of those of <c>info</c>.</summary>
    public ReadOnlyMemory<byte> Encoded => _document.Source[Node.Start..Node.End];

    private ref readonly BencodeDocument.Node Node => ref _document[_index];

    /// <summary>The value of an integer; <c>false</c> for another kind.</summary>
    public bool TryGetNumber(out long value)
    {
        value = Node.Number;
        return Kind == BencodeKind.Number;
    }

    /// <summary>The content of a byte string; <c>false</c> for another kind.</summary>
    public bool TryGetBytes(out ReadOnlySpan<byte> value)
    {
        value = Kind == BencodeKind.Bytes ? Content.Span : default;
        return Kind == BencodeKind.Bytes;
    }

    /// <summary>The value under a key; <c>false</c> when this is no dictionary or has no such key.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, out BencodeElement value)
    {
        foreach (var (name, item) in Entries())
        {
            if (name.Span.SequenceEqual(key))
            {
                value = item;
                return true;
            }
        }
        value = default;
        return false;
    }

    /// <summary>The integer under a key; <c>false</c> when missing or of another kind.</summary>
    public bool TryGetNumber(ReadOnlySpan<byte> key, out long value)
    {
        value = 0;
        return TryGet(key, out var item) && item.TryGetNumber(out value);
    }

    /// <summary>The byte string under a key; <c>false</c> when missing or of another kind.</summary>
    public bool TryGetBytes(ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        value = default;
        return TryGet(key, out var item) && item.TryGetBytes(out value);
    }

    /// <summary>The items of a list in order; none for another kind.</summary>
    public IEnumerable<BencodeElement> Items()
    {
        if (Kind != BencodeKind.List)
            yield break;
        for (var i = _index + 1; i < Node.Next; i = _document[i].Next)
            yield return new BencodeElement(_document, i);
    }

    /// <summary>The entries of a dictionary as they stand; none for another kind.</summary>
    public IEnumerable<(ReadOnlyMemory<byte> Key, BencodeElement Value)> Entries()
    {
        if (Kind != BencodeKind.Dictionary)
            yield break;
        for (var i = _index + 1; i < Node.Next; i = _document[i + 1].Next)
            yield return (new BencodeElement(_document, i).Content, new BencodeElement(_document, i + 1));
    }

    private ReadOnlyMemory<byte> Content => _document.Source.Slice(Node.ContentStart, Node.ContentLength);
}
