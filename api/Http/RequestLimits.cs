using Pbts.Api.Callers;

namespace Pbts.Api.Http;

/// <summary>
/// Refuses (429) addresses that ask or change more often than they may, before their body is read: every endpoint, so that a
/// new one cannot forget it. Probes of supervisors are free, and so is the software of a site, which has shown who it is.
/// </summary>
internal sealed class RequestLimits(RequestDelegate next, CallerLimits limits, ClientAddressResolver addresses, Moments moments, SiteKeys sites)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var method = context.Request.Method;
        var reads = HttpMethods.IsGet(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method);
        if (!(reads && context.Request.Path.StartsWithSegments("/health", out var probe) && probe.HasValue)
            && !sites.Knows(context)
            && !(reads ? limits.RequestsByAddress : limits.ReportsByAddress).Allows(addresses.Resolve(context)))
        {
            limits.Refused(reads ? Limit.Requests : Limit.Reports);
            await Answers.TooMany(context).ExecuteAsync(context);
            return;
        }

        await next(context);
        // Whoever changed something is to see it at once.
        if (!reads)
            moments.Forget();
    }
}
