using System.Text;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.OperatorConsole;

/// <summary>
/// Orleans' own dashboard at <c>/console/orleans</c>, where <see cref="AdministrationOptions.OrleansDashboard"/> asks for it:
/// it looks at every call of a grain. It only shows things.
/// </summary>
internal static class OrleansDashboard
{
    public static void MapOrleansDashboard(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<AdministrationOptions>>().Value.OrleansDashboard)
            app.MapOrleansDashboard("/console/orleans").AddEndpointFilter(AuthorizeAsync).For(Caller.Administration).ExcludeFromDescription();
    }

    /// <summary>
    /// As for administration, but the token may also come as the password of HTTP's basic scheme (RFC 7617), because the
    /// pages are not ours and send nothing else. Browsers attach that to requests of foreign pages too, so it opens nothing
    /// that changes anything.
    /// </summary>
    private static async ValueTask<object?> AuthorizeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var administration = http.RequestServices.GetRequiredService<AdminAuthorization>();
        if (administration.IsAllowed(http) || (Password(http) is { } password && administration.IsToken(password)))
            return await next(context);
        if (!administration.IsTokenConfigured)
            return Answers.Forbidden("the dashboard is for this machine only: set PBTS_ADMIN_TOKEN to see it from elsewhere");
        http.Response.Headers.WWWAuthenticate = "Basic realm=\"PBTS: any name, and the administration token as password\", charset=\"UTF-8\"";
        return Answers.Unauthorized("the dashboard needs the administration token as password");
    }

    private static string? Password(HttpContext context)
    {
        const string scheme = "Basic ";
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[scheme.Length..].Trim(), bytes, out var length))
            return null;
        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return text.IndexOf(':') is >= 0 and var colon ? text[(colon + 1)..] : null;
    }
}
