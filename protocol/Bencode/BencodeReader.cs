using System.Runtime.CompilerServices;

namespace Pbts.Protocol.Bencode;

/// <summary>
/// Reads bencode (BEP 3) token by token, in place: no recursion, no allocation, nothing trusted. Refuses whatever exceeds the
/// limits, and, unless they are lenient, leading zeros, unsorted or repeated keys, integers beyond 64 bits and trailing bytes.
/// </summary>
public ref struct BencodeReader
{
    private readonly ReadOnlySpan<byte> _input;
    private readonly BencodeLimits _limits;
    private ulong _isDictionary; // bit n: the container at depth n + 1 is a dictionary
    private bool _valueDue;      // a key was read and its value was not
    private bool _finished;
    private int _values;
    private Offsets _keyStart;   // last key of each open dictionary; length -1 before the first
    private Offsets _keyLength;

    /// <summary>Begins at the first byte of <paramref name="input"/>.</summary>
    public BencodeReader(ReadOnlySpan<byte> input, BencodeLimits limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        _input = input;
        _limits = limits;
        if (input.Length > limits.MaxLength)
            Error = BencodeError.TooLong;
    }

    /// <summary>The token read last.</summary>
    public BencodeToken Token { get; private set; }

    /// <summary>The value of an <see cref="BencodeToken.Number"/>.</summary>
    public long Number { get; private set; }

    /// <summary>The content of <see cref="BencodeToken.Bytes"/> or <see cref="BencodeToken.Key"/>.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _input.Slice(BytesStart, BytesLength);

    /// <summary>Where the content of a string begins in the input.</summary>
    public int BytesStart { get; private set; }

    /// <summary>Length of a string's content.</summary>
    public int BytesLength { get; private set; }

    /// <summary>Where the token begins in the input.</summary>
    public int TokenStart { get; private set; }

    /// <summary>The first byte not read yet.</summary>
    public int Position { get; private set; }

    /// <summary>Open lists and dictionaries.</summary>
    public int Depth { get; private set; }

    /// <summary>Why <see cref="Read"/> gave <c>false</c>; <see cref="BencodeError.None"/> at the regular end.</summary>
    public BencodeError Error { get; private set; }

    /// <summary>Goes to the next token; <c>false</c> at the end of the one value, or at the first error.</summary>
    public bool Read()
    {
        Token = BencodeToken.None;
        if (Error != BencodeError.None)
            return false;
        if (_finished)
            return Position == _input.Length || _limits.IsLenient ? false : Fail(BencodeError.TrailingBytes);
        if (Position >= _input.Length)
            return Fail(BencodeError.UnexpectedEnd);
        if (++_values > _limits.MaxValues)
            return Fail(BencodeError.TooManyValues);

        TokenStart = Position;
        var first = _input[Position];
        if (first == 'e')
            return ReadEnd();
        var keyDue = Depth > 0 && InDictionary && !_valueDue;
        if (first is >= (byte)'0' and <= (byte)'9')
            return ReadString() && (keyDue ? AcceptKey() : AcceptValue(BencodeToken.Bytes));
        if (keyDue)
            return Fail(first is (byte)'i' or (byte)'l' or (byte)'d' ? BencodeError.KeyNotString : BencodeError.UnexpectedByte);
        return first switch
        {
            (byte)'i' => ReadNumber() && AcceptValue(BencodeToken.Number),
            (byte)'l' => Open(BencodeToken.List),
            (byte)'d' => Open(BencodeToken.Dictionary),
            _ => Fail(BencodeError.UnexpectedByte),
        };
    }

    private readonly bool InDictionary => (_isDictionary >> (Depth - 1) & 1) != 0;

    private bool Open(BencodeToken token)
    {
        if (Depth >= Math.Min(_limits.MaxDepth, BencodeLimits.DepthCeiling))
            return Fail(BencodeError.TooDeep);
        var bit = 1UL << Depth;
        _isDictionary = token == BencodeToken.Dictionary ? _isDictionary | bit : _isDictionary & ~bit;
        _keyLength[Depth] = -1;
        Depth++;
        Position++;
        _valueDue = false;
        Token = token;
        return true;
    }

    private bool ReadEnd()
    {
        if (Depth == 0)
            return Fail(BencodeError.UnexpectedByte);
        if (_valueDue)
            return Fail(BencodeError.MissingValue);
        Position++;
        Depth--;
        return AcceptValue(BencodeToken.End);
    }

    /// <summary>A value is complete: the container around it wants its next key or item.</summary>
    private bool AcceptValue(BencodeToken token)
    {
        Token = token;
        _valueDue = false;
        _finished = Depth == 0;
        return true;
    }

    private bool AcceptKey()
    {
        var level = Depth - 1;
        if (_keyLength[level] >= 0 && !_limits.IsLenient)
        {
            var order = Bytes.SequenceCompareTo(_input.Slice(_keyStart[level], _keyLength[level]));
            if (order <= 0)
                return Fail(order == 0 ? BencodeError.DuplicateKey : BencodeError.KeyOrder);
        }
        _keyStart[level] = BytesStart;
        _keyLength[level] = BytesLength;
        _valueDue = true;
        Token = BencodeToken.Key;
        return true;
    }

    private bool ReadString()
    {
        long length = 0;
        var start = Position;
        for (; Position < _input.Length && _input[Position] != ':'; Position++)
        {
            var digit = _input[Position] - '0';
            // Ten digits hold every length an array can have.
            if (digit is < 0 or > 9 || Position - start >= 10 || (Position > start && _input[start] == '0' && !_limits.IsLenient))
                return Fail(BencodeError.BadLength);
            length = length * 10 + digit;
        }
        if (Position == _input.Length)
            return Fail(BencodeError.UnexpectedEnd);
        Position++;
        if (length > _input.Length - Position)
            return Fail(BencodeError.UnexpectedEnd);
        BytesStart = Position;
        BytesLength = (int)length;
        Position += BytesLength;
        return true;
    }

    private bool ReadNumber()
    {
        Position++;
        var negative = Position < _input.Length && _input[Position] == '-';
        if (negative)
            Position++;
        var start = Position;
        ulong value = 0;
        for (; Position < _input.Length && _input[Position] != 'e'; Position++)
        {
            var digit = _input[Position] - '0';
            if (digit is < 0 or > 9 || (Position > start && _input[start] == '0' && !_limits.IsLenient))
                return Fail(BencodeError.BadNumber);
            // Below this ten times the value and a digit fit 64 unsigned bits; a signed value has no more digits.
            value = value < ulong.MaxValue / 10 ? value * 10 + (uint)digit : ulong.MaxValue;
        }
        if (Position == _input.Length)
            return Fail(BencodeError.UnexpectedEnd);
        if (Position == start || (negative && value == 0 && !_limits.IsLenient))
            return Fail(BencodeError.BadNumber);
        Position++;
        var most = negative ? 1UL << 63 : long.MaxValue;
        if (value > most && !_limits.IsLenient)
            return Fail(BencodeError.NumberRange);
        value = Math.Min(value, most);
        Number = negative ? unchecked(-(long)value) : (long)value;
        return true;
    }

    private bool Fail(BencodeError error)
    {
        Error = error;
        return false;
    }

    [InlineArray(BencodeLimits.DepthCeiling)]
    private struct Offsets
    {
        private int _first;
    }
}
