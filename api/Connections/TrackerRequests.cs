using System.Buffers;
using System.Net;
using Pbts.Api.Announce;
using Pbts.Api.Callers;

namespace Pbts.Api.Connections;

/// <summary>What the bytes of a connection begin with.</summary>
internal enum RequestKind
{
    /// <summary>Too little to tell.</summary>
    Incomplete,

    /// <summary>Something for the HTTP server.</summary>
    Other,

    /// <summary>A head longer than <see cref="TrackerRequests.MaxHead"/>.</summary>
    TooLarge,

    /// <summary>An announce or a scrape.</summary>
    Tracker,
}

/// <summary>An announce or scrape that was begun.</summary>
/// <param name="Length">Its bytes.</param>
/// <param name="Answer">Done when the body of the answer is written.</param>
internal readonly record struct TrackerRequest(int Length, bool KeepAlive, bool Http11, ValueTask Answer);

/// <summary>Finds announces and scrapes in what a connection sent: clients send info hashes with raw bytes that a strict HTTP server refuses.</summary>
internal sealed partial class TrackerRequests(TrackerHandler handler, ClientAddressResolver addresses, ILogger<TrackerRequests> logger)
{
    /// <summary>Longest request head; a 100-hash scrape needs 8 KiB.</summary>
    public const int MaxHead = 32 * 1024;

    /// <summary>Looks at what came in and begins to answer an announce or scrape; the bytes are not needed afterwards.</summary>
    /// <param name="socket">The socket's remote address.</param>
    public RequestKind Take(ReadOnlySpan<byte> bytes, IPAddress socket, Shedding shedding, ArrayBufferWriter<byte> body, out TrackerRequest request)
    {
        request = default;
        if (bytes.IsEmpty)
            return RequestKind.Incomplete;

        // What is not for us goes to the HTTP server as soon as that shows, with its limits and timeouts.
        if (bytes[0] != 'G')
            return RequestKind.Other;
        var length = RequestHead.FindEnd(bytes);
        if (length < 0 || length > MaxHead)
            return bytes.Length <= MaxHead ? RequestKind.Incomplete : RequestKind.TooLarge;
        if (!RequestHead.TryParse(bytes[..length], out var head) || !head.Method.SequenceEqual("GET"u8) || head.HasBody || head.HasOrigin)
            return RequestKind.Other;
        var route = TrackerRoute.Parse(head.Target);
        if (route.Action == TrackerAction.None)
            return RequestKind.Other;
        var answer = shedding.Sheds() ? handler.Shed(route, body)
            : addresses.TryResolve(socket, head.ForwardedFor, head.RealIp) is { } client ? handler.HandleAsync(route, client, body, CancellationToken.None)
            : Refuse(body);
        request = new(length, head.KeepAlive, head.IsHttp11, answer);
        return RequestKind.Tracker;
    }

    private static ValueTask Refuse(ArrayBufferWriter<byte> body)
    {
        BencodeReply.Failure(body, ClientAddressResolver.Unreadable);
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits for an answer; whatever happens, there is one that the client understands.</summary>
    public async ValueTask FinishAsync(ValueTask answer, ArrayBufferWriter<byte> body)
    {
        try
        {
            await answer;
        }
#pragma warning disable CA1031 // The operator gets the whole story.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e);
            body.ResetWrittenCount();
            BencodeReply.Busy(body, "internal error, try again soon");
        }
    }

    [LoggerMessage(LogLevel.Error, "An announce or scrape failed.")]
    private partial void LogFailed(Exception exception);
}
