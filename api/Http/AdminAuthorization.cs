using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api.Http;

/// <summary>
/// Lets administrators through: with the configured token, or, where none is configured, from this machine. Every
/// attempt leaves a line in the audit log (category <c>Pbts.Audit</c>).
/// </summary>
internal sealed partial class AdminAuthorization : IEndpointFilter
{
    private readonly byte[] _token;
    private readonly ILogger _audit;

    public AdminAuthorization(IOptions<AdministrationOptions> options, ILoggerFactory loggers)
    {
        _token = Hash(options.Value.Token);
        IsTokenConfigured = options.Value.Token.Length > 0;
        _audit = loggers.CreateLogger("Pbts.Audit");
    }

    public bool IsTokenConfigured { get; }

    /// <summary>Whether the caller may administer.</summary>
    public bool IsAllowed(HttpContext context)
    {
        if (!IsTokenConfigured)
            return Callers.IsLoopback(context);
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        // Hashes have one length, so the comparison takes the same time for every guess.
        return header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(header[scheme.Length..].Trim()), _token);
    }

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var allowed = IsAllowed(http);
        if (!allowed)
        {
            LogAudit(_audit, http.Request.Method, http.Request.Path, http.Connection.RemoteIpAddress?.ToString() ?? "unknown", "refused");
            if (!IsTokenConfigured)
                return Answers.Forbidden("administration is allowed from this machine only: set PBTS_ADMIN_TOKEN to administer from elsewhere");
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return Answers.Unauthorized("administration needs the header Authorization: Bearer <PBTS_ADMIN_TOKEN>");
        }

        var result = await next(context);
        LogAudit(_audit, http.Request.Method, http.Request.Path, http.Connection.RemoteIpAddress?.ToString() ?? "unknown",
            result is IStatusCodeHttpResult { StatusCode: >= 400 and var status } ? $"answered {status}" : "done");
        return result;
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    [LoggerMessage(LogLevel.Information, "{Method} {Path} from {Address}: {Outcome}")]
    private static partial void LogAudit(ILogger audit, string method, string path, string address, string outcome);
}
