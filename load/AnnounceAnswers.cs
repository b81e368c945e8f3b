using System.Buffers.Text;

namespace Pbts.Load;

/// <summary>Takes answers to announces apart, just enough.</summary>
internal static class AnnounceAnswers
{
    /// <param name="bytes">What has come.</param>
    /// <param name="answer">What the first answer in it says.</param>
    /// <param name="closes">Whether the tracker closes the connection after it.</param>
    /// <returns>Bytes of that answer; 0 while it is not whole.</returns>
    /// <exception cref="IOException">It has no length.</exception>
    public static int Take(ReadOnlySpan<byte> bytes, out AnnounceAnswer answer, out bool closes)
    {
        (answer, closes) = (AnnounceAnswer.Failed, false);
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return 0;
        var head = bytes[..end];
        // Content-Length, whatever its first letters' case.
        var name = "ength: "u8;
        var at = head.IndexOf(name);
        if (at < 0 || !Utf8Parser.TryParse(head[(at + name.Length)..], out int length, out _))
            throw new IOException("The answer has no length.");
        if (bytes.Length < end + 4 + length)
            return 0;
        closes = head.IndexOf("onnection: close"u8) >= 0;
        var body = bytes.Slice(end + 4, length);
        answer = body.IndexOf("8:retry in"u8) >= 0 ? AnnounceAnswer.Shed : body.StartsWith("d8:complete"u8) ? AnnounceAnswer.Served : AnnounceAnswer.Failed;
        return end + 4 + length;
    }
}
