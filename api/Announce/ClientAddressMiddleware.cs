using System.Buffers;
using Pbts.Api.Callers;
using Pbts.Api.Http;

namespace Pbts.Api.Announce;

/// <summary>Refuses requests of a trusted proxy whose client cannot be told, before anything is done for them.</summary>
internal sealed class ClientAddressMiddleware(RequestDelegate next, ClientAddressResolver addresses)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (addresses.TryResolve(context) is not null)
            return next(context);
        if (!TrackerMiddleware.IsForTracker(context))
            return Answers.BadRequest(ClientAddressResolver.Unreadable).ExecuteAsync(context);
        var body = new ArrayBufferWriter<byte>();
        BencodeReply.Failure(body, ClientAddressResolver.Unreadable);
        return TrackerMiddleware.SendAsync(context, StatusCodes.Status200OK, body.WrittenMemory);
    }
}
