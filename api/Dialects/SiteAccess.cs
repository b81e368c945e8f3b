using Pbts.Api.Administration;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.Hosting.Access;

namespace Pbts.Api.Dialects;

/// <summary>
/// Lets the software of a site through, by the key of its dialect; to others there is nothing. What it says is not put on record line
/// by line: a site says something at every click. So many calls at once are under way, and the others wait for them: a site tells of
/// thousands of members at once, and takes no answer but that it is done.
/// </summary>
internal sealed class SiteAccess(SiteKeys keys, AuditTrail audit) : IEndpointFilter, IDisposable
{
    private const int AtOnce = 16;

    private readonly SemaphoreSlim _turns = new(AtOnce);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (!keys.Knows(http))
        {
            if (keys.Speaks(http.GetEndpoint()!.Metadata.GetRequiredMetadata<SpokenBySite>().Dialect))
                audit.Record(http, AuditTrail.Refused, refused: true);
            return Answers.NotFound("not found");
        }

        await _turns.WaitAsync(http.RequestAborted);
        try
        {
            return await next(context);
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();
}

/// <summary>Opens endpoints to the software of a site.</summary>
internal static class SiteRoutes
{
    /// <summary>Of a group whose path has the key as <c>{key}</c>.</summary>
    public static RouteGroupBuilder RequireSite(this RouteGroupBuilder group, SiteDialect dialect) =>
        group.AddEndpointFilter<RouteGroupBuilder, SiteAccess>().For(Caller.Site).WithMetadata(new SpokenBySite(dialect));
}
