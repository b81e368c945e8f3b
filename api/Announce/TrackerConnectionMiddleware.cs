using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Pbts.Api.Announce;

/// <summary>
/// Answers announces and scrapes right at the connection, before the HTTP server: clients send info hashes with raw
/// bytes that a strict HTTP server refuses, and an announce is little more than one read and one write. The first
/// request that is anything else hands the connection, unread, to the HTTP server.
/// </summary>
internal sealed partial class TrackerConnectionMiddleware(TrackerHandler handler, ClientAddressResolver addresses, ConnectionSweeper sweeper, ILogger<TrackerConnectionMiddleware> logger)
{
    /// <summary>Longest request head; a 100-hash scrape needs 8 KiB.</summary>
    public const int MaxHead = 32 * 1024;

    private enum Step
    {
        NeedMore,
        Answered,
        HandOver,
        Refused,
    }

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var socket })
        {
            await next(connection);
            return;
        }

        var closing = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        await using var stop = closing.UnsafeRegister(static input => ((PipeReader)input!).CancelPendingRead(), connection.Transport.Input);
        using var activity = sweeper.Watch(connection);
        if (await ServeAsync(connection, socket, activity, closing))
        {
            activity.Dispose();
            await next(connection);
        }
    }

    /// <returns>True when the connection goes on to the HTTP server.</returns>
    private async Task<bool> ServeAsync(ConnectionContext connection, IPAddress socket, ConnectionSweeper.Activity activity, CancellationToken closing)
    {
        var input = connection.Transport.Input;
        var output = connection.Transport.Output;
        var body = new ArrayBufferWriter<byte>(1024);
        try
        {
            while (true)
            {
                // Cancelled by CancelPendingRead alone; a token would cost a registration an announce.
                var read = await input.ReadAsync(CancellationToken.None);
                if (read.IsCanceled && closing.IsCancellationRequested)
                    return false;

                var (step, consumed, keepAlive) = await TakeRequestAsync(read.Buffer, socket, body, output, connection.ConnectionClosed);
                if (step == Step.HandOver)
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
                    return true;
                }

                if (step == Step.NeedMore)
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    if (read.IsCompleted)
                        return false;
                    continue;
                }

                input.AdvanceTo(consumed);
                activity.Touch();
                var flush = await output.FlushAsync(CancellationToken.None);
                if (!keepAlive || flush.IsCompleted || closing.IsCancellationRequested)
                    return false;
            }
        }
        catch (Exception e) when (e is ConnectionResetException or ConnectionAbortedException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private async ValueTask<(Step Step, SequencePosition Consumed, bool KeepAlive)> TakeRequestAsync(
        ReadOnlySequence<byte> buffer, IPAddress socket, ArrayBufferWriter<byte> body, PipeWriter output, CancellationToken aborted)
    {
        var step = Start(buffer, socket, body, aborted, out var length, out var keepAlive, out var http11, out var answer);
        if (step == Step.Refused)
        {
            WriteHead(output, "HTTP/1.1 431 Request Header Fields Too Large\r\n"u8, 0, keepAlive: false, http11: true);
            return (Step.Answered, buffer.End, false);
        }

        if (step != Step.Answered)
            return (step, default, false);
        try
        {
            await answer;
        }
#pragma warning disable CA1031 // The client gets an answer it understands, the operator the whole story.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            LogFailed(e);
            body.ResetWrittenCount();
            BencodeReply.Busy(body, "internal error, try again soon");
        }

        WriteHead(output, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"u8, body.WrittenCount, keepAlive, http11);
        output.Write(body.WrittenSpan);
        body.ResetWrittenCount();
        return (Step.Answered, buffer.GetPosition(length), keepAlive);
    }

    /// <summary>Everything that looks at the raw bytes, which are gone after the first await.</summary>
    private Step Start(ReadOnlySequence<byte> buffer, IPAddress socket, ArrayBufferWriter<byte> body, CancellationToken aborted,
        out int length, out bool keepAlive, out bool http11, out ValueTask answer)
    {
        (length, keepAlive, http11, answer) = (0, false, false, default);
        if (buffer.IsEmpty)
            return Step.NeedMore;

        // Requests that are not for us go to the HTTP server as soon as that shows, with its limits and timeouts.
        if (buffer.FirstSpan[0] != 'G')
            return Step.HandOver;
        var bytes = buffer.IsSingleSegment ? buffer.FirstSpan : buffer.Slice(0, Math.Min(buffer.Length, MaxHead + 1)).ToArray();
        length = RequestHead.FindEnd(bytes);
        if (length < 0 || length > MaxHead)
        {
            if (bytes.Length <= MaxHead)
                return Step.NeedMore;
            return Step.Refused;
        }

        if (!RequestHead.TryParse(bytes[..length], out var head) || !head.Method.SequenceEqual("GET"u8) || head.HasBody)
            return Step.HandOver;
        var route = TrackerRoute.Parse(head.Target);
        if (route.Action == TrackerAction.None)
            return Step.HandOver;

        (keepAlive, http11) = (head.KeepAlive, head.IsHttp11);
        answer = handler.HandleAsync(route, addresses.Resolve(socket, head.ForwardedFor, head.RealIp), body, aborted);
        return Step.Answered;
    }

    private static void WriteHead(PipeWriter output, ReadOnlySpan<byte> start, int bodyLength, bool keepAlive, bool http11)
    {
        output.Write(start);
        output.Write("Date: "u8);
        output.Write(HttpDate.Now());
        output.Write("\r\nContent-Length: "u8);
        var span = output.GetSpan(16);
        Utf8Formatter.TryFormat(bodyLength, span, out var digits);
        output.Advance(digits);
        output.Write(keepAlive ? http11 ? "\r\n\r\n"u8 : "\r\nConnection: keep-alive\r\n\r\n"u8 : "\r\nConnection: close\r\n\r\n"u8);
    }

    [LoggerMessage(LogLevel.Error, "An announce or scrape failed.")]
    private partial void LogFailed(Exception exception);

    /// <summary>The Date header's value (RFC 9110 section 6.6.1), made once a second.</summary>
    private static class HttpDate
    {
        private static (long Second, byte[] Text) s_current = (0, []);

        public static ReadOnlySpan<byte> Now()
        {
            var current = s_current;
            var now = DateTimeOffset.UtcNow;
            var second = now.ToUnixTimeSeconds();
            if (current.Second != second)
                s_current = current = (second, Encoding.ASCII.GetBytes(now.ToString("R", CultureInfo.InvariantCulture)));
            return current.Text;
        }
    }
}
