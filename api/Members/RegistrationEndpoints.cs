using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.Api.Chain;
using Pbts.Api.Http;
using Pbts.Api.Passports;
using Pbts.Api.Tee;
using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Resilience;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>Registration and change of key.</summary>
internal static class RegistrationEndpoints
{
    public static void MapRegistration(this IEndpointRouteBuilder app)
    {
        app.MapPost("/register", RegisterAsync).For(Caller.Anybody).WithSummary("Register a user; with a signature, prove possession of the key")
            .Refuses(StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status409Conflict);
        app.MapPost("/user/{userId}/rotate-key", RotateAsync).For(Caller.Anybody).WithSummary("Replace a user's key and passkey")
            .Refuses(StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden, StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<RegisterAnswer>, Refusal>> RegisterAsync(
        Body<RegisterRequest> body, HttpContext context, IGrainFactory grains, IOptions<NodeOptions> node, AttestationVerifier verifier, VerificationBudget budget,
        ClientAddressResolver addresses, IUserDirectory users, AdminAuthorization administration, IOptions<MembersOptions> members, PassportDesk passports)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        if (request.Fault((await grains.GetGrain<ISettingsGrain>(0).GetAsync()).VerifySignatures) is { } fault)
            return Answers.BadRequest(fault);
        if (!passports.Allows(context, request.Passports!.Count))
            return Answers.TooMany(context);
        if (request.Attestation is { } attestation && await RefuseAsync(context, grains, verifier, attestation, request) is { } refused)
            return refused;

        var userId = request.UserId.ToString();
        var byAdministration = IsByAdministration(context, administration, members.Value);
        var result = await grains.GetGrain<IUserGrain>(userId).RegisterAsync(request.PublicKey, request.Signature?.ToArray(), new(request.Invite, byAdministration, request.Passkey));
        ChargeForged(budget, address, result);
        users.Forget(userId);
        IReadOnlyList<ImportAnswer>? imports = null;
        if (result is { Status: RegistrationStatus.Done, Proven: true })
        {
            // Before what contracts say is looked up: what is fresher stays.
            imports = request.Passports.Count > 0 ? await passports.ImportAsync(context, userId, request.Passports) : null;
            await TellSyncAsync(grains.GetGrain<IMemberSyncGrain>(0));
        }

        var answer = await AnswerAsync(context, grains, node.Value, result, "User registered successfully", request.Attestation is not null, imports);
        if (byAdministration)
            administration.Audit(context, answer);
        if (request.Proof is not { } proof || answer.Result is not Ok<RegisterAnswer> { Value: { } registered })
            return answer;
        var (claim, claimError) = await ClaimEndpoints.TryClaimAsync(grains, userId, proof);
        return TypedResults.Ok(registered with { Claim = claim, ClaimError = claimError });
    }

    /// <summary>
    /// Whoever registers members as the administration says so with the token. Programs of the tracker's own user, which
    /// administer without one, register as anybody does, but where nobody else may. A token that is none is on record.
    /// </summary>
    private static bool IsByAdministration(HttpContext context, AdminAuthorization administration, MembersOptions members)
    {
        var token = context.Request.Headers.Authorization.ToString().StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase);
        if (!token && members.Registration != Registration.Site)
            return false;
        var allowed = administration.IsAllowed(context);
        if (token && !allowed)
            administration.Refuse(context);
        return allowed;
    }

    private static void ChargeForged(VerificationBudget budget, IPAddress address, RegistrationResult result)
    {
        if (result.Status is RegistrationStatus.BadSignature or RegistrationStatus.BadKey)
            budget.ChargeForged(address, 1);
    }

    /// <summary>The member is registered, whatever comes of this: the sync looks for newcomers by itself too.</summary>
    private static async Task TellSyncAsync(IMemberSyncGrain sync)
    {
        try
        {
            await sync.MemberProvenAsync();
        }
        catch (Exception e) when (Away.Is(e))
        {
        }
    }

    private static async Task<Results<Ok<RegisterAnswer>, Refusal>> RotateAsync(
        string userId, Body<RotateRequest> body, HttpContext context, IGrainFactory grains, IOptions<NodeOptions> node, VerificationBudget budget, ClientAddressResolver addresses, IUserDirectory users)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, 2 * VerificationBudget.Single))
            return Answers.TooMany(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        if (await body.ReadAsync() is not { } rotation)
            return body.Refusal;
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        var result = await grains.GetGrain<IUserGrain>(userId).RotateKeyAsync(rotation.ToRotation());
        ChargeForged(budget, address, result);
        users.Forget(userId);
        return await AnswerAsync(context, grains, node.Value, result, "Key replaced");
    }

    private static async Task<Results<Ok<RegisterAnswer>, Refusal>> AnswerAsync(
        HttpContext context, IGrainFactory grains, NodeOptions node, RegistrationResult result, string message, bool attested = false,
        IReadOnlyList<ImportAnswer>? imports = null) => result.Status switch
    {
        RegistrationStatus.Done => TypedResults.Ok(new RegisterAnswer(
            true, await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync(), message, result.Proven, result.Passkey!, AnnounceUrl(context, node, result.Passkey!), attested ? true : null, result.Origin, imports)),
        RegistrationStatus.UserExists => Answers.Conflict("User already exists"),
        RegistrationStatus.KeyTaken => Answers.Conflict("public_key belongs to another user, or was replaced before"),
        RegistrationStatus.BadSignature => Answers.Unauthorized("Invalid signature"),
        RegistrationStatus.BadKey => Answers.BadRequest("public_key is not a valid BLS12-381 G1 key"),
        RegistrationStatus.UnknownUser => Answers.NotFound("User not found"),
        RegistrationStatus.Unproven => Answers.Forbidden("the user has not proved possession of its key: register with a signature first"),
        RegistrationStatus.InviteNeeded => Answers.Forbidden("invite is missing: this tracker takes new members by invite only"),
        RegistrationStatus.BadInvite => Answers.Forbidden("invite is not valid: it may be wrong, used up or expired"),
        RegistrationStatus.NotOpen => Answers.Forbidden("this tracker's administration registers its members"),
        RegistrationStatus.BadTime => Answers.BadRequest("timestamp is too far from now: at most five minutes"),
        _ => Answers.TooMany(context),
    };

    /// <summary>Why the attestation does not show that a trusted program of this user holds this key; null when it does.</summary>
    private static async Task<Refusal?> RefuseAsync(
        HttpContext context, IGrainFactory grains, AttestationVerifier verifier, AttestationDocument attestation, RegisterRequest request)
    {
        var key = new byte[MemberKey.Length];
        if (!Convert.TryFromBase64String(request.PublicKey, key, out var length) || length != key.Length)
            return Answers.BadRequest("public_key must be base64 of 48 bytes to be attested");
        var expected = new AttestationExpectation
        {
            Purpose = AttestationPurpose.Registration, PublicKey = key, Payload = Encoding.UTF8.GetBytes(request.UserId.ToString()), MaxAge = verifier.MaxAge,
            InstanceId = Convert.FromHexString(await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync()),
        };
        return await verifier.VerifyAsync(attestation, expected, VerificationTurn.Current, context.RequestAborted) is not { } verdict ? Answers.TooMany(context)
            : verdict.FirstFailure is { } failure ? Answers.Unauthorized($"Invalid attestation: {failure.Name}: {failure.Detail}")
            : null;
    }

    private static string AnnounceUrl(HttpContext context, NodeOptions node, string passkey) =>
        $"{(node.PublicUrl.Length > 0 ? node.PublicUrl.TrimEnd('/') : $"{context.RequestServices.GetRequiredService<ClientAddressResolver>().SchemeOf(context)}://{context.Request.Host}")}/announce/{passkey}";
}
