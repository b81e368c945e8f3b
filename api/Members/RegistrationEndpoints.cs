using System.Net;
using System.Text;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.Api.Http;
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
            .Accepts<RegisterRequest>("application/json", "*/*").Produces<RegisterAnswer>();
        app.MapPost("/user/{userId}/rotate-key", RotateAsync).For(Caller.Anybody).WithSummary("Replace a user's key and passkey")
            .Accepts<RotateRequest>("application/json", "*/*").Produces<RegisterAnswer>();
    }

    private static async Task<IResult> RegisterAsync(
        HttpContext context, IGrainFactory grains, IOptions<NodeOptions> node, AttestationVerifier verifier, VerificationBudget budget, ClientAddressResolver addresses, IUserDirectory users,
        AdminAuthorization administration, IOptions<MembersOptions> members)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        var userId = fields.ReadUserId();
        var publicKey = fields.Text("public_key");
        var signature = fields.OptionalBase64("signature", ReceiptSignature.Length);
        var invite = fields.OptionalText("invite");
        var settings = await grains.GetGrain<ISettingsGrain>(0).GetAsync();
        if (settings.VerifySignatures)
            fields.Base64("public_key", MemberKey.Length);
        else if (publicKey.Length > 512)
            fields.Wrong("public_key", "is too long: at most 512 characters", "");
        var attestation = fields.Has("attestation") ? VerificationEndpoints.ReadDocument(fields, "attestation") : null;
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        if (attestation is not null && await RefuseAsync(context, grains, verifier, attestation, userId, publicKey) is { } refused)
            return refused;

        var byAdministration = IsByAdministration(context, administration, members.Value);
        var result = await grains.GetGrain<IUserGrain>(userId).RegisterAsync(publicKey, signature, new(invite, byAdministration));
        ChargeForged(budget, address, result);
        users.Forget(userId);
        if (result is { Status: RegistrationStatus.Done, Proven: true })
            await TellSyncAsync(grains.GetGrain<IMemberSyncGrain>(0));
        var answer = await AnswerAsync(context, grains, node.Value, result, "User registered successfully", attestation is not null);
        if (byAdministration)
            administration.Audit(context, answer);
        return answer;
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

    private static async Task<IResult> RotateAsync(
        string userId, HttpContext context, IGrainFactory grains, IOptions<NodeOptions> node, VerificationBudget budget, ClientAddressResolver addresses, IUserDirectory users)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, 2 * VerificationBudget.Single))
            return Answers.TooMany(context);
        VerificationTurn.Current = new(RateLimiter.KeyOf(address), VerificationKind.Prompt);
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        if (!UserId.TryParse(userId, out _))
            return Answers.NotFound("User not found");
        var rotation = new KeyRotation(
            fields.Text("new_public_key"), (long)fields.Unsigned("timestamp", long.MaxValue),
            fields.Base64("signature", ReceiptSignature.Length), fields.Base64("new_signature", ReceiptSignature.Length));
        fields.Base64("new_public_key", MemberKey.Length);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);

        var result = await grains.GetGrain<IUserGrain>(userId).RotateKeyAsync(rotation);
        ChargeForged(budget, address, result);
        users.Forget(userId);
        return await AnswerAsync(context, grains, node.Value, result, "Key replaced");
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, IGrainFactory grains, NodeOptions node, RegistrationResult result, string message, bool attested = false) => result.Status switch
    {
        RegistrationStatus.Done => TypedResults.Ok(new RegisterAnswer(
            true, await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync(), message, result.Proven, result.Passkey!, AnnounceUrl(context, node, result.Passkey!), attested ? true : null, result.Origin)),
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
    private static async Task<IResult?> RefuseAsync(
        HttpContext context, IGrainFactory grains, AttestationVerifier verifier, AttestationDocument attestation, string userId, string publicKey)
    {
        var key = new byte[MemberKey.Length];
        if (!Convert.TryFromBase64String(publicKey, key, out var length) || length != key.Length)
            return Answers.BadRequest("public_key must be base64 of 48 bytes to be attested");
        var expected = new AttestationExpectation
        {
            Purpose = AttestationPurpose.Registration, PublicKey = key, Payload = Encoding.UTF8.GetBytes(userId), MaxAge = verifier.MaxAge,
            InstanceId = Convert.FromHexString(await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync()),
        };
        return await verifier.VerifyAsync(attestation, expected, VerificationTurn.Current, context.RequestAborted) is not { } verdict ? Answers.TooMany(context)
            : verdict.FirstFailure is { } failure ? Answers.Unauthorized($"Invalid attestation: {failure.Name}: {failure.Detail}")
            : null;
    }

    private static string AnnounceUrl(HttpContext context, NodeOptions node, string passkey) =>
        $"{(node.PublicUrl.Length > 0 ? node.PublicUrl.TrimEnd('/') : $"{context.Request.Scheme}://{context.Request.Host}")}/announce/{passkey}";

    /// <summary>The user id under <c>user_id</c>.</summary>
    public static string ReadUserId(this JsonFields fields)
    {
        var text = fields.Text("user_id");
        return text.Length == 0 || UserId.TryParse(text, out _)
            ? text : fields.Wrong("user_id", "must be 1 to 64 visible characters without a slash, and not dots alone", "");
    }
}
