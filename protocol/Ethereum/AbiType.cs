namespace Pbts.Protocol.Ethereum;

/// <summary>A type of the contract ABI, read from its Solidity name such as <c>(string,uint256)[]</c>.</summary>
public sealed class AbiType
{
    private AbiType(AbiKind kind, IReadOnlyList<AbiType> components)
    {
        Kind = kind;
        Components = components;
        IsDynamic = kind is AbiKind.Bytes or AbiKind.Text or AbiKind.Array || components.Any(c => c.IsDynamic);
        HeadSize = IsDynamic || kind != AbiKind.Tuple ? 32 : components.Sum(c => c.HeadSize);
    }

    /// <summary>What it is.</summary>
    public AbiKind Kind { get; }

    /// <summary>The element type of an array, the members of a tuple, else empty.</summary>
    public IReadOnlyList<AbiType> Components { get; }

    /// <summary>Whether its value is written behind the heads, with an offset in its place.</summary>
    internal bool IsDynamic { get; }

    /// <summary>Bytes it takes among the heads.</summary>
    internal int HeadSize { get; }

    /// <summary>Reads a comma separated list of types in parentheses.</summary>
    /// <exception cref="ArgumentException">The text is not such a list; signatures are constants of the program.</exception>
    public static AbiType ParseTuple(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var position = 0;
        var type = Parse(text, ref position);
        return position == text.Length && type.Kind == AbiKind.Tuple ? type : throw new ArgumentException($"Not an ABI tuple: {text}", nameof(text));
    }

    private static AbiType Parse(string text, ref int position)
    {
        AbiType type;
        if (position < text.Length && text[position] == '(')
        {
            position++;
            var members = new List<AbiType>();
            while (position < text.Length && text[position] != ')')
            {
                members.Add(Parse(text, ref position));
                if (position < text.Length && text[position] == ',') position++;
            }
            if (position++ >= text.Length) throw new ArgumentException($"Unclosed tuple: {text}", nameof(text));
            type = new AbiType(AbiKind.Tuple, members);
        }
        else
        {
            var start = position;
            while (position < text.Length && char.IsAsciiLetterOrDigit(text[position])) position++;
            type = new AbiType(KindOf(text[start..position]), []);
        }
        while (text.AsSpan(position).StartsWith("[]", StringComparison.Ordinal))
        {
            position += 2;
            type = new AbiType(AbiKind.Array, [type]);
        }
        return type;
    }

    private static AbiKind KindOf(string name) => name switch
    {
        "uint256" => AbiKind.Uint256,
        "address" => AbiKind.Address,
        "bool" => AbiKind.Bool,
        "bytes32" => AbiKind.Bytes32,
        "bytes" => AbiKind.Bytes,
        "string" => AbiKind.Text,
        _ => throw new ArgumentException($"Unsupported ABI type '{name}'.", nameof(name)),
    };
}
