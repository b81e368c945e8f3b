using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Administration;

/// <summary>
/// Lets administrators through: with the configured token, or, where <see cref="AdministrationOptions.AllowsLocal"/>, by a program
/// of the tracker's own user on its machine. Every attempt goes to the <see cref="AuditTrail"/>.
/// </summary>
internal sealed class AdminAuthorization : IEndpointFilter
{
    private readonly byte[] _token;
    private readonly bool _allowsLocal;
    private readonly AuditTrail _audit;

    public AdminAuthorization(IOptions<AdministrationOptions> options, AuditTrail audit)
    {
        _token = Hash(options.Value.Token);
        IsTokenConfigured = options.Value.Token.Length > 0;
        _allowsLocal = options.Value.AllowsLocal;
        _audit = audit;
    }

    public bool IsTokenConfigured { get; }

    /// <summary>Whether the caller may administer.</summary>
    public bool IsAllowed(HttpContext context)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return (header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && IsToken(header[scheme.Length..].Trim())) || IsLocal(context);
    }

    /// <summary>Whether the caller may administer without a token.</summary>
    public bool IsLocal(HttpContext context) => _allowsLocal && LocalCallers.IsOurs(context);

    /// <summary>Whether a token is configured and this is it. Hashes have one length, so the comparison takes the same time for every guess.</summary>
    public bool IsToken(string given) => IsTokenConfigured && CryptographicOperations.FixedTimeEquals(Hash(given), _token);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (!IsAllowed(http))
        {
            Refuse(http);
            if (!IsTokenConfigured)
                return Answers.Forbidden("administration is for programs of the tracker's own user on its machine: set PBTS_ADMIN_TOKEN to administer from elsewhere");
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return Answers.Unauthorized("administration needs the header Authorization: Bearer <PBTS_ADMIN_TOKEN>");
        }

        var result = await next(context);
        if (http.GetEndpoint()?.Metadata.GetMetadata<Unaudited>() is null)
            Audit(http, result);
        return result;
    }

    /// <summary>Puts what the administration did on record, at endpoints that others may call too.</summary>
    public void Audit(HttpContext context, object? result) =>
        _audit.Record(
            context, (result is INestedHttpResult one ? one.Result : result) is IStatusCodeHttpResult { StatusCode: >= 400 and var status } ? $"answered {status}" : "done", refused: false);

    /// <summary>Puts an attempt to administer that was refused on record.</summary>
    public void Refuse(HttpContext context) => _audit.Record(context, AuditTrail.Refused, refused: true);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
