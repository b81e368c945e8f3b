using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Pbts.Api.Callers;

namespace Pbts.Api.Announce;

/// <summary>
/// Announces and scrapes that reach the HTTP server after all: on a connection whose first request was something else, from
/// a page in a browser, by another method. It reads targets as <see cref="TrackerRoute"/> does and leaves routing nothing of
/// them; what was meant to be an announce and is none gets a reason that a client can show.
/// </summary>
internal sealed class TrackerMiddleware(RequestDelegate next, TrackerHandler handler, ClientAddressResolver addresses)
{
    private const string Methods = "GET, HEAD, OPTIONS";

    public Task InvokeAsync(HttpContext context)
    {
        var target = TargetOf(context);
        if (TrackerRoute.Parse(target).Action == TrackerAction.None)
            return TrackerRoute.LooksLikeClients(target) && (context.GetEndpoint() is not { } endpoint || (HasInfoHash(target) && endpoint.Metadata.GetMetadata<SpokenBySite>() is null)) ? RefuseAsync(context) : next(context);

        var headers = context.Response.Headers;
        // Nothing is told to a page that it could not ask for by itself: no cookie, no address of its network matters here.
        headers.AccessControlAllowOrigin = "*";
        if (HttpMethods.IsGet(context.Request.Method))
            return AnswerAsync(context, target);
        headers.Allow = Methods;
        if (!HttpMethods.IsOptions(context.Request.Method))
            return SendAsync(context, StatusCodes.Status405MethodNotAllowed, default);
        headers.AccessControlAllowMethods = Methods;
        headers.AccessControlAllowHeaders = "*";
        headers.AccessControlMaxAge = "86400";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Whether whoever asks reads bencode.</summary>
    public static bool IsForTracker(HttpContext context)
    {
        var target = TargetOf(context);
        return TrackerRoute.Parse(target).Action != TrackerAction.None || HasInfoHash(target);
    }

    /// <summary>Sends what a client of a tracker reads.</summary>
    public static async Task SendAsync(HttpContext context, int status, ReadOnlyMemory<byte> body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] TargetOf(HttpContext context) => Encoding.Latin1.GetBytes(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);

    private static bool HasInfoHash(ReadOnlySpan<byte> target) => target.IndexOf("info_hash="u8) >= 0;

    private async Task AnswerAsync(HttpContext context, byte[] target)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        await handler.HandleAsync(TrackerRoute.Parse(target), addresses.Resolve(context), body, context.RequestAborted);
        await SendAsync(context, StatusCodes.Status200OK, body.WrittenMemory);
    }

    private static Task RefuseAsync(HttpContext context)
    {
        var body = new ArrayBufferWriter<byte>();
        BencodeReply.Failure(body, "unknown path: it must be /announce or /announce/PASSKEY, or the same with scrape");
        return SendAsync(context, StatusCodes.Status404NotFound, body.WrittenMemory);
    }
}
