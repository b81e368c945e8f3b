using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Policy;

/// <summary>What the operator, or the site's own software, says of members and clients. It holds on every front end within a second.</summary>
internal static class PolicyEndpoints
{
    /// <summary>Members or rules in one call.</summary>
    public const int Most = 1000;

    public static void MapPolicy(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/api/v1").RequireAdministrator();
        api.MapPut("/members", SetMembersAsync).WithSummary("Disable members, let them seed only, give them passkeys, make them; up to 1,000 with a verdict each (administration, or a token with site:write)").WithMetadata(new NeedsScope(ApiScope.SiteWrite));
        api.MapGet("/clients", GetClientsAsync).WithSummary("Which clients may announce, by peer-id prefix (administration, or a token with site:read)").WithMetadata(new NeedsScope(ApiScope.SiteRead));
        api.MapPut("/clients", SetClientsAsync).WithSummary("Refuse clients by peer-id prefix, or allow some and no others; up to 1,000 (administration, or a token with site:write)").WithMetadata(new NeedsScope(ApiScope.SiteWrite));
        api.MapDelete("/clients/{prefix}", RemoveClientAsync).WithSummary("End the rule for a prefix (administration, or a token with site:write)").WithMetadata(new NeedsScope(ApiScope.SiteWrite));
    }

    private static async Task<Results<Ok<MemberPoliciesAnswer>, Refusal>> SetMembersAsync(Body<MemberPoliciesRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var verdicts = await grains.GetGrain<IPolicyGrain>(0).SetMembersAsync([.. request.Members.Select(member => new MemberPolicy(member.UserId, member.Disabled, member.CanDownload, member.Passkey, member.GroupId, member.Donor, member.Lifetime))]);
        return TypedResults.Ok(new MemberPoliciesAnswer(true, [.. verdicts.Select((verdict, index) => new MemberVerdictAnswer(index, verdict))]));
    }

    private static async Task<Ok<ClientsAnswer>> GetClientsAsync(IGrainFactory grains) =>
        TypedResults.Ok(new ClientsAnswer(true, [.. (await grains.GetGrain<IPolicyGrain>(0).GetClientsAsync()).Select(ClientAnswer.Of)]));

    private static async Task<Results<Ok<ClientsAnswer>, Refusal>> SetClientsAsync(Body<ClientsRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var policy = grains.GetGrain<IPolicyGrain>(0);
        if ((await policy.GetClientsAsync()).Select(rule => Encoding.ASCII.GetString(rule.Prefix)).Union(request.Clients.Select(client => client.Prefix)).Count() > ClientRule.Most)
            return Answers.BadRequest($"clients: there are at most {ClientRule.Most} rules");
        await policy.SetClientsAsync([.. request.Clients.Select(client => new ClientRule(Encoding.ASCII.GetBytes(client.Prefix), client.Allowed, client.Reason))]);
        return await GetClientsAsync(grains);
    }

    private static async Task<Results<Ok<ClientRemovedAnswer>, Refusal>> RemoveClientAsync(string prefix, IGrainFactory grains) =>
        ClientRequest.IsPrefix(prefix) && await grains.GetGrain<IPolicyGrain>(0).RemoveClientAsync(Encoding.ASCII.GetBytes(prefix))
            ? TypedResults.Ok(new ClientRemovedAnswer(true, prefix)) : Answers.NotFound("no rule for this prefix");
}

/// <summary>Body of <c>PUT /api/v1/members</c>: up to 1,000 members. Of one given twice the last counts.</summary>
internal sealed record MemberPoliciesRequest(IReadOnlyList<MemberPolicyRequest> Members) : IBody<MemberPoliciesRequest>
{
    public static int Most => 512 << 10;

    public static MemberPoliciesRequest Read(JsonFields fields) => new(fields.Objects("members", PolicyEndpoints.Most, MemberPolicyRequest.Read));
}

/// <summary>What is said of one member; what is left out is set to its default.</summary>
/// <param name="Disabled">Why it may not announce, 1 to 200 characters; null: it may.</param>
/// <param name="CanDownload">Whether it may leech (true).</param>
/// <param name="Passkey">Its passkey from now on, 32 letters and digits; a member that is not there is made. Left out: as it is.</param>
/// <param name="GroupId">The number of its group; null: none.</param>
/// <param name="Donor">A flag of the site's own, given back as it is.</param>
/// <param name="Lifetime">Another.</param>
internal sealed record MemberPolicyRequest(
    string UserId, string? Disabled = null, bool CanDownload = true, string? Passkey = null, long? GroupId = null, bool Donor = false, bool Lifetime = false)
{
    private const int LongestReason = 200;
    private const int PasskeyLength = 32;

    public static MemberPolicyRequest Read(JsonFields fields)
    {
        var (user, reason, download, passkey) = ($"{fields.UserId("user_id")}", Reason(fields, "disabled"), fields.OptionalBoolean("can_download") ?? true, fields.OptionalText("passkey"));
        if (passkey is not null && (passkey.Length != PasskeyLength || !passkey.All(char.IsAsciiLetterOrDigit)))
            fields.Wrong("passkey", $"must be {PasskeyLength} letters and digits", passkey);
        return new(
            user, reason, download, passkey, (long?)fields.OptionalUnsigned("group_id", long.MaxValue), fields.OptionalBoolean("donor") ?? false, fields.OptionalBoolean("lifetime") ?? false);
    }

    public static string? Reason(JsonFields fields, string name) =>
        fields.OptionalText(name) is not { } text ? null : text.Length <= LongestReason ? text : fields.Wrong(name, $"is too long: at most {LongestReason} characters", text);
}

/// <summary>Answer to <c>PUT /api/v1/members</c>: one verdict for each, in order.</summary>
internal sealed record MemberPoliciesAnswer(bool Success, IReadOnlyList<MemberVerdictAnswer> Results);

/// <summary>What came of one member.</summary>
/// <param name="Status"><c>set</c>, <c>created</c>, <c>unknown_user</c> or <c>passkey_taken</c>.</param>
internal sealed record MemberVerdictAnswer(int Index, string Status)
{
    public MemberVerdictAnswer(int index, MemberVerdict verdict)
        : this(index, JsonNamingPolicy.SnakeCaseLower.ConvertName(verdict.ToString()))
    {
    }
}

/// <summary>Body of <c>PUT /api/v1/clients</c>: up to 1,000 rules, added or replaced.</summary>
internal sealed record ClientsRequest(IReadOnlyList<ClientRequest> Clients) : IBody<ClientsRequest>
{
    public static int Most => 512 << 10;

    public static ClientsRequest Read(JsonFields fields) => new(fields.Objects("clients", PolicyEndpoints.Most, ClientRequest.Read));
}

/// <summary>A rule for clients.</summary>
/// <param name="Prefix">How their peer ids begin: 1 to 20 visible ASCII characters, such as <c>-XX12</c>.</param>
/// <param name="Allowed">Whether they may announce; while any rule allows, all clients without one are refused.</param>
/// <param name="Reason">What a refused client is told, 1 to 200 characters.</param>
internal sealed record ClientRequest(string Prefix, bool Allowed = false, string? Reason = null)
{
    public static ClientRequest Read(JsonFields fields)
    {
        var prefix = fields.Text("prefix");
        if (!IsPrefix(prefix))
            fields.Wrong("prefix", $"must be 1 to {PeerId.Length} visible ASCII characters without a slash", prefix);
        return new(prefix, fields.OptionalBoolean("allowed") ?? false, MemberPolicyRequest.Reason(fields, "reason"));
    }

    public static bool IsPrefix(string text) => text.Length is >= 1 and <= PeerId.Length && text.All(c => c is > ' ' and <= '~' and not '/');
}

/// <summary>The rules there are, by prefix.</summary>
internal sealed record ClientsAnswer(bool Success, IReadOnlyList<ClientAnswer> Clients);

/// <summary>A rule.</summary>
internal sealed record ClientAnswer(string Prefix, bool Allowed, string? Reason)
{
    public static ClientAnswer Of(ClientRule rule) => new(Encoding.Latin1.GetString(rule.Prefix), rule.Allowed, rule.Reason);
}

/// <summary>Answer to <c>DELETE /api/v1/clients/{prefix}</c>.</summary>
internal sealed record ClientRemovedAnswer(bool Success, string Prefix);
