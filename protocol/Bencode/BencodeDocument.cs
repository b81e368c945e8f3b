namespace Pbts.Protocol.Bencode;

/// <summary>
/// A parsed bencoded value over the bytes it was read from: one flat table of nodes, no copies of strings.
/// </summary>
public sealed class BencodeDocument
{
    private readonly Node[] _nodes;

    private BencodeDocument(ReadOnlyMemory<byte> source, Node[] nodes)
    {
        Source = source;
        _nodes = nodes;
    }

    /// <summary>The outermost value.</summary>
    public BencodeElement Root => new(this, 0);

    internal ReadOnlyMemory<byte> Source { get; }

    /// <summary>Parses exactly one value.</summary>
    /// <param name="source">The whole input; must not change while the document lives.</param>
    /// <param name="limits">What is accepted.</param>
    /// <param name="document">The document, when <see cref="BencodeError.None"/> is returned.</param>
    public static BencodeError TryParse(ReadOnlyMemory<byte> source, BencodeLimits limits, out BencodeDocument? document)
    {
        document = null;
        var reader = new BencodeReader(source.Span, limits);
        var nodes = new List<Node>();
        Span<int> open = stackalloc int[BencodeLimits.DepthCeiling];
        while (reader.Read())
        {
            switch (reader.Token)
            {
                case BencodeToken.Number:
                    nodes.Add(new Node(BencodeKind.Number, reader.TokenStart, reader.Position, 0, 0, reader.Number, nodes.Count + 1));
                    break;
                case BencodeToken.Bytes or BencodeToken.Key:
                    nodes.Add(new Node(BencodeKind.Bytes, reader.TokenStart, reader.Position, reader.BytesStart, reader.BytesLength, 0, nodes.Count + 1));
                    break;
                case BencodeToken.End:
                    var opened = open[reader.Depth];
                    nodes[opened] = nodes[opened] with { End = reader.Position, Next = nodes.Count };
                    break;
                default:
                    open[reader.Depth - 1] = nodes.Count;
                    var kind = reader.Token == BencodeToken.List ? BencodeKind.List : BencodeKind.Dictionary;
                    nodes.Add(new Node(kind, reader.TokenStart, 0, 0, 0, 0, 0));
                    break;
            }
        }
        if (reader.Error == BencodeError.None)
            document = new BencodeDocument(source, [.. nodes]);
        return reader.Error;
    }

    internal ref readonly Node this[int index] => ref _nodes[index];

    /// <param name="Kind">The kind.</param>
    /// <param name="Start">First byte of the encoded value.</param>
    /// <param name="End">Byte after the encoded value.</param>
    /// <param name="ContentStart">First byte of a string's content.</param>
    /// <param name="ContentLength">Length of a string's content.</param>
    /// <param name="Number">An integer's value.</param>
    /// <param name="Next">Index of the node after this value and all it holds.</param>
    internal readonly record struct Node(BencodeKind Kind, int Start, int End, int ContentStart, int ContentLength, long Number, int Next);
}
