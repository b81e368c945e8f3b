using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Pbts.Api.Connections;

/// <summary>
/// Passes the requests of a connection on to the HTTP server as they are, but for the raw bytes in their targets, which it
/// refuses and clients send: those become escapes, which mean the same. So it has to know where a request begins: it follows
/// the framing of HTTP/1 (RFC 9112 section 6) and, at the first thing that could be read in two ways, changes nothing any
/// more. It is no guard: whatever it passes on, the HTTP server judges.
/// </summary>
internal sealed class RequestFraming
{
    private const int MaxChunkLine = 1024;

    private Expected _next = Expected.Head;
    private long _body;

    private enum Expected
    {
        Head,
        Body,
        ChunkSize,
        Chunk,
        ChunkEnd,
        Trailer,

        /// <summary>Anything: nothing is changed any more.</summary>
        Rest,
    }

    /// <summary>Passes on what can be told; the rest is to be given again with what follows it.</summary>
    /// <returns>How many bytes of the input were passed on.</returns>
    public int Copy(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var rest = input;
        while (rest.Length > 0 && Step(rest, output) is > 0 and var used)
            rest = rest[used..];
        return input.Length - rest.Length;
    }

    /// <summary>Passes on what can be told; the rest is to be given again with what follows it.</summary>
    /// <returns>Up to where the input was passed on.</returns>
    public SequencePosition Copy(ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        while (input.Length > 0)
        {
            var used = Copy(input.FirstSpan, output);
            if (used == 0 && (input.IsSingleSegment || (used = Joined(input, output)) == 0))
                break;
            input = input.Slice(used);
        }

        return input.Start;
    }

    /// <summary>Passes on what begins in one segment and ends in another.</summary>
    private int Joined(ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        // More than the longest head is never needed to tell.
        var length = (int)Math.Min(input.Length, TrackerRequests.MaxHead + 1);
        var joined = ArrayPool<byte>.Shared.Rent(length);
        input.Slice(0, length).CopyTo(joined);
        var used = Copy(joined.AsSpan(0, length), output);
        ArrayPool<byte>.Shared.Return(joined);
        return used;
    }

    /// <summary>Bytes used; 0 when more are needed.</summary>
    private int Step(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        switch (_next)
        {
            case Expected.Head:
                // Empty lines before a request are skipped by servers.
                return input[0] is (byte)'\r' or (byte)'\n' ? Pass(input[..1], output) : Head(input, output);
            case Expected.Body or Expected.Chunk:
                var length = (int)Math.Min(_body, input.Length);
                _body -= length;
                if (_body == 0)
                    _next = _next == Expected.Body ? Expected.Head : Expected.ChunkEnd;
                return Pass(input[..length], output);
            case Expected.ChunkSize:
                return Line(input, output, size =>
                {
                    var extension = size.IndexOf((byte)';');
                    var digits = extension < 0 ? size : size[..extension];
                    if (digits.Length is 0 or > 15 || !Utf8Parser.TryParse(digits, out _body, out var read, 'x') || read != digits.Length)
                        return Expected.Rest;
                    return _body == 0 ? Expected.Trailer : Expected.Chunk;
                });
            case Expected.ChunkEnd:
                return Line(input, output, static line => line.IsEmpty ? Expected.ChunkSize : Expected.Rest);
            case Expected.Trailer:
                return Line(input, output, static line => line.IsEmpty ? Expected.Head : Expected.Trailer);
            default:
                return Pass(input, output);
        }
    }

    private int Line(ReadOnlySpan<byte> input, IBufferWriter<byte> output, Func<ReadOnlySpan<byte>, Expected> read)
    {
        var end = input.IndexOf("\r\n"u8);
        var most = end < 0 ? input.Length : end;
        if (most > MaxChunkLine || input[..most].Contains((byte)'\n'))
            return GiveUp(input, output);
        if (end < 0)
            return 0;
        _next = read(input[..end]);
        return Pass(input[..(end + 2)], output);
    }

    private int Head(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        var end = input.IndexOf("\r\n\r\n"u8);
        var head = end < 0 ? input : input[..(end + 4)];
        // A line feed alone may end a head too, but for whom?
        if (head.Length > TrackerRequests.MaxHead || HasLoneFeed(head))
            return GiveUp(input, output);
        if (end < 0)
            return 0;
        if (!TryReadBody(head, out var target, out var hasHost))
            return GiveUp(input, output);
        foreach (var value in head[..target.Start])
            Put(output, value);
        foreach (var value in head[target.Start..target.End])
        {
            if (value is > (byte)' ' and < 0x7f)
                Put(output, value);
            else
                Escape(output, value);
        }

        var rest = head[target.End..];
        if (!hasHost && IsGazelles(head[target.Start..target.End]) && rest.StartsWith(" HTTP/1.1\r\n"u8))
        {
            Pass(" HTTP/1.1\r\nHost: tracker\r\n"u8, output);
            rest = rest[" HTTP/1.1\r\n".Length..];
        }

        Pass(rest, output);
        return head.Length;
    }

    /// <summary>Whether Gazelle says something of its own: it names no host, which Ocelot does not ask for and the HTTP server does.</summary>
    private static bool IsGazelles(ReadOnlySpan<byte> target)
    {
        var word = target.Length > 1 ? target[1..] : [];
        word = word[(word.IndexOf((byte)'/') + 1)..];
        return word.StartsWith("update?"u8) || word.StartsWith("report?"u8);
    }

    /// <summary>Finds the target, and what follows the head.</summary>
    private bool TryReadBody(ReadOnlySpan<byte> head, out (int Start, int End) target, out bool hasHost)
    {
        hasHost = false;
        var line = head[..head.IndexOf("\r\n"u8)];
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        target = (first + 1, last);
        if (first < 1 || last <= first + 1 || !(line[(last + 1)..].SequenceEqual("HTTP/1.1"u8) || line[(last + 1)..].SequenceEqual("HTTP/1.0"u8))
            || line[..first].SequenceEqual("CONNECT"u8))
            return false;

        long? length = null;
        var chunked = false;
        for (var rest = head[(line.Length + 2)..^2]; rest.Length > 0;)
        {
            var end = rest.IndexOf("\r\n"u8);
            var header = rest[..end];
            rest = rest[(end + 2)..];
            var colon = header.IndexOf((byte)':');
            if (colon < 1 || header[..colon].ContainsAny((byte)' ', (byte)'\t'))
                return false;
            var value = header[(colon + 1)..].Trim(" \t"u8);
            if (Ascii.EqualsIgnoreCase(header[..colon], "Content-Length"u8))
            {
                if (length is not null || value.Length > 18 || value.ContainsAnyExceptInRange((byte)'0', (byte)'9') || !Utf8Parser.TryParse(value, out long number, out _))
                    return false;
                length = number;
            }
            else if (Ascii.EqualsIgnoreCase(header[..colon], "Transfer-Encoding"u8))
            {
                if (chunked || !Ascii.EqualsIgnoreCase(value, "chunked"u8))
                    return false;
                chunked = true;
            }
            else if (Ascii.EqualsIgnoreCase(header[..colon], "Host"u8))
            {
                hasHost = true;
            }
            else if (Ascii.EqualsIgnoreCase(header[..colon], "Upgrade"u8))
            {
                return false;
            }
        }

        if (chunked && length is not null)
            return false;
        _body = length ?? 0;
        _next = chunked ? Expected.ChunkSize : _body > 0 ? Expected.Body : Expected.Head;
        return true;
    }

    private int GiveUp(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        _next = Expected.Rest;
        return Pass(input, output);
    }

    private static int Pass(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        output.Write(bytes);
        return bytes.Length;
    }

    private static void Put(IBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    private static void Escape(IBufferWriter<byte> output, byte value)
    {
        var span = output.GetSpan(3);
        span[0] = (byte)'%';
        Utf8Formatter.TryFormat(value, span[1..], out _, new StandardFormat('X', 2));
        output.Advance(3);
    }

    private static bool HasLoneFeed(ReadOnlySpan<byte> bytes)
    {
        for (var at = bytes.IndexOf((byte)'\n'); at >= 0;)
        {
            if (at == 0 || bytes[at - 1] != '\r')
                return true;
            var next = bytes[(at + 1)..].IndexOf((byte)'\n');
            at = next < 0 ? -1 : at + 1 + next;
        }

        return false;
    }
}
