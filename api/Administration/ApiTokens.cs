using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Pbts.GrainInterfaces.Policy;

namespace Pbts.Api.Administration;

/// <summary>The live tokens for programs, as of a second ago at most.</summary>
internal sealed class ApiTokens
{
    private const string Scheme = "Bearer ";

    private readonly ConcurrentDictionary<long, bool> _used = new();
    private volatile Dictionary<string, ApiTokenGrant> _grants = [];

    /// <summary>Takes those there are now.</summary>
    public void Replace(IReadOnlyList<ApiTokenGrant> grants) => _grants = grants.ToDictionary(grant => Convert.ToHexString(grant.Hash));

    /// <summary>Takes one that was made here just now.</summary>
    public void Add(ApiTokenGrant grant) => _grants = new(_grants) { [Convert.ToHexString(grant.Hash)] = grant };

    /// <summary>Forgets one that was revoked here just now.</summary>
    public void Remove(long id) => _grants = _grants.Where(grant => grant.Value.Id != id).ToDictionary();

    /// <summary>The caller's token, if it is one that covers the scope. Found by its hash, which nobody can approach guess by guess.</summary>
    public ApiTokenGrant? Find(HttpContext context, string scope)
    {
        if (Find(context) is not { } grant || !ApiScope.Covers(grant.Scopes, scope))
            return null;
        _used[grant.Id] = true;
        return grant;
    }

    /// <summary>The name of the caller's token; null without one.</summary>
    public string? NameOf(HttpContext context) => Find(context)?.Name;

    /// <summary>Those that have been used since this was asked last.</summary>
    public IReadOnlyList<long> TakeUsed()
    {
        var used = _used.Keys.ToArray();
        _used.Clear();
        return used;
    }

    private ApiTokenGrant? Find(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return _grants.Count > 0 && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? _grants.GetValueOrDefault(Convert.ToHexString(HashOf(header[Scheme.Length..].Trim()))) : null;
    }

    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
