using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Policy;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Administration;

/// <summary>
/// Lets administrators through: with the configured token, with one for programs that covers what they want, or, where <see cref="AdministrationOptions.AllowsLocal"/>, by a program
/// of the tracker's own user on its machine. Every attempt goes to the <see cref="AuditTrail"/>.
/// </summary>
internal sealed class AdminAuthorization : IEndpointFilter
{
    private readonly byte[] _token;
    private readonly bool _allowsLocal;
    private readonly AuditTrail _audit;
    private readonly ApiTokens _tokens;

    public AdminAuthorization(IOptions<AdministrationOptions> options, AuditTrail audit, ApiTokens tokens)
    {
        _token = Hash(options.Value.Token);
        IsTokenConfigured = options.Value.Token.Length > 0;
        _allowsLocal = options.Value.AllowsLocal;
        _audit = audit;
        _tokens = tokens;
    }

    public bool IsTokenConfigured { get; }

    /// <summary>Whether the caller may administer; or, with a scope, do what a token of that scope may.</summary>
    public bool IsAllowed(HttpContext context, string scope = ApiScope.Admin)
    {
        const string scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return (header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) && (IsToken(header[scheme.Length..].Trim()) || _tokens.Find(context, scope) is not null)) || IsLocal(context);
    }

    /// <summary>Whether the caller may administer without a token.</summary>
    public bool IsLocal(HttpContext context) => _allowsLocal && LocalCallers.IsOurs(context);

    /// <summary>Whether a token is configured and this is it. Hashes have one length, so the comparison takes the same time for every guess.</summary>
    public bool IsToken(string given) => IsTokenConfigured && CryptographicOperations.FixedTimeEquals(Hash(given), _token);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var scope = http.GetEndpoint()?.Metadata.GetMetadata<NeedsScope>()?.Scope ?? ApiScope.Admin;
        if (!IsAllowed(http, scope))
        {
            Refuse(http);
            if (!IsTokenConfigured)
                return Answers.Forbidden("administration is for programs of the tracker's own user on its machine: set PBTS_ADMIN_TOKEN to administer from elsewhere");
            http.Response.Headers.WWWAuthenticate = "Bearer";
            return Answers.Unauthorized("administration needs the header Authorization: Bearer <PBTS_ADMIN_TOKEN>, or a token made for this");
        }

        var result = await next(context);
        if (http.GetEndpoint()?.Metadata.GetMetadata<Unaudited>() is null)
            Audit(http, result);
        return result;
    }

    /// <summary>Puts what the administration did on record, at endpoints that others may call too; what a program did, by its token's name.</summary>
    public void Audit(HttpContext context, object? result)
    {
        var outcome = (result is INestedHttpResult one ? one.Result : result) is IStatusCodeHttpResult { StatusCode: >= 400 and var status } ? $"answered {status}" : "done";
        _audit.Record(context, _tokens.NameOf(context) is { } program ? $"{outcome} by token {program}" : outcome, refused: false);
    }

    /// <summary>Puts an attempt to administer that was refused on record.</summary>
    public void Refuse(HttpContext context) => _audit.Record(context, AuditTrail.Refused, refused: true);

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
