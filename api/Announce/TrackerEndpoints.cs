using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace Pbts.Api.Announce;

/// <summary>
/// Announces and scrapes that reach the HTTP server after all: on a connection whose first request was something else.
/// </summary>
internal static class TrackerEndpoints
{
    public static void MapTracker(this IEndpointRouteBuilder app)
    {
        foreach (var pattern in (string[])["/announce", "/scrape", "/announce/{passkey}", "/scrape/{passkey}", "/{passkey}/announce", "/{passkey}/scrape"])
            app.MapGet(pattern, AnswerAsync).ExcludeFromDescription();
    }

    private static async Task AnswerAsync(HttpContext context, TrackerHandler handler, ClientAddressResolver addresses)
    {
        var target = Encoding.Latin1.GetBytes(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        var client = addresses.Resolve(context);
        var body = new ArrayBufferWriter<byte>(1024);
        await handler.HandleAsync(TrackerRoute.Parse(target), client, body, context.RequestAborted);
        context.Response.ContentType = "text/plain";
        context.Response.ContentLength = body.WrittenCount;
        await context.Response.BodyWriter.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }
}
