namespace Pbts.Hosting;

/// <summary>
/// Answers HEAD as GET without the body (RFC 9110 section 9.3.2), whatever the endpoint: <c>curl -I</c>, health checks,
/// checkers of links. The server itself sends no body for HEAD.
/// </summary>
internal static class HeadRequests
{
    public static void UseHeadRequests(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (HttpMethods.IsHead(context.Request.Method))
            context.Request.Method = HttpMethods.Get;
        await next(context);
        var headers = context.Response.Headers;
        if (context.Response is { StatusCode: StatusCodes.Status405MethodNotAllowed, HasStarted: false } && headers.Allow.ToString() is { } allow
            && allow.Contains("GET", StringComparison.Ordinal) && !allow.Contains("HEAD", StringComparison.Ordinal))
            headers.Allow = allow.Replace("GET", "GET, HEAD", StringComparison.Ordinal);
    });
}
