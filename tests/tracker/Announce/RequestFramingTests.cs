using System.Buffers;
using System.Text;
using CsCheck;
using Pbts.Api.Connections;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>What the HTTP server gets of a connection: targets without raw bytes, and everything else as it came.</summary>
public sealed class RequestFramingTests
{
    private const string Raw = "GET /announce?info_hash=\x80\xffz HTTP/1.1\r\nHost: t\x80\r\n\r\n";
    private const string Escaped = "GET /announce?info_hash=%80%FFz HTTP/1.1\r\nHost: t\x80\r\n\r\n";

    [Theory]
    [InlineData(Raw, Escaped)]
    [InlineData("\r\n" + Raw + Raw, "\r\n" + Escaped + Escaped)]
    [InlineData("GET /a \x01 HTTP/1.0\r\n\r\n", "GET /a%20%01 HTTP/1.0\r\n\r\n")]
    [InlineData("GET /\x80 HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + Raw, "GET /%80 HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + Escaped)]
    public void Raw_bytes_of_targets_become_escapes(string sent, string passed) => Assert.Equal(passed, Copy(sent, int.MaxValue));

    [Theory]
    [InlineData("Content-Length: {0}\r\n\r\n", "")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n{0:x};extension=\"1\"\r\n", "\r\n0\r\nTrailer: x\r\n\r\n")]
    public void Bodies_that_look_like_requests_stay_as_they_are(string before, string after)
    {
        var first = "POST /report HTTP/1.1\r\n" + string.Format(System.Globalization.CultureInfo.InvariantCulture, before, Raw.Length) + Raw + after;
        for (var size = 1; size < first.Length; size++)
            Assert.Equal(first + Escaped, Copy(first + Raw, size));
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nContent-Length : 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n")]
    [InlineData("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n")]
    [InlineData("POST / HTTP/1.1\r\nA: b\nContent-Length: 5\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\n\n")]
    [InlineData("POST / HTTP/1.1\r\n folded: 5\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData("CONNECT t:1 HTTP/1.1\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    public void After_anything_that_two_readers_could_read_differently_nothing_is_changed(string sent)
    {
        for (var size = 1; size < sent.Length; size++)
            Assert.Equal(sent + Raw, Copy(sent + Raw, size));
    }

    [Fact]
    public void A_head_beyond_all_limits_is_passed_on_for_the_server_to_refuse()
    {
        var sent = "GET /" + new string('x', TrackerRequests.MaxHead) + "\x80";
        Assert.Equal(sent, Copy(sent, 1000));
        Assert.Equal(sent, CopySegments(sent, 1000));
    }

    [Fact]
    public void However_the_bytes_come_in_the_same_comes_out_and_nothing_but_targets_differs()
    {
        var fragments = new[] { Raw, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\x80\r\n", "\r\n", "\n", "GET /\x80", " HTTP/1.1", "Transfer-Encoding: chunked\r\n", "Content-Length: 2\r\n", "1\r\n", "0\r\n\r\n", "\xff", ":", " " };
        Gen.Select(Gen.Int[0, fragments.Length - 1].Array[1, 12], Gen.Int[1, 40]).Sample(
            (parts, size) =>
            {
                var sent = string.Concat(parts.Select(part => fragments[part]));
                var whole = Copy(sent, int.MaxValue);
                Assert.Equal(whole, Copy(sent, size));
                Assert.Equal(whole, CopySegments(sent, size));
                Assert.Equal(Unescaped(sent), Unescaped(whole));
            },
            iter: 50_000, seed: "0N0XIzNsQ0O2");
    }

    private static string Unescaped(string text) => text.Replace("%80", "\x80", StringComparison.Ordinal).Replace("%FF", "\xff", StringComparison.Ordinal).Replace("%20", " ", StringComparison.Ordinal);

    /// <summary>Everything in pieces, the last of it as at the end of a connection.</summary>
    private static string Copy(string sent, int size)
    {
        var framing = new RequestFraming();
        var output = new ArrayBufferWriter<byte>();
        byte[] held = [];
        foreach (var piece in Encoding.Latin1.GetBytes(sent).Chunk(size))
        {
            held = [.. held, .. piece];
            held = held[framing.Copy(held, output)..];
        }

        output.Write(held);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }

    /// <summary>Everything at once in segments of one size, the last of it as at the end of a connection.</summary>
    private static string CopySegments(string sent, int size)
    {
        Segment? first = null, last = null;
        foreach (var piece in Encoding.Latin1.GetBytes(sent).Chunk(size))
        {
            last = new Segment(piece, last);
            first ??= last;
        }

        var input = new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
        var output = new ArrayBufferWriter<byte>();
        output.Write(input.Slice(new RequestFraming().Copy(input, output)).ToArray());
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, Segment? before)
        {
            Memory = bytes;
            RunningIndex = before is null ? 0 : before.RunningIndex + before.Memory.Length;
            if (before is not null) before.Next = this;
        }
    }
}
