using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Settings;
using Pbts.Hosting.Access;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Members;

/// <summary>Conveniences that see private keys, for callers on this machine; members make keys with their own software.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder app)
    {
        var keys = app.MapGroup("").AddEndpointFilter<IEndpointConventionBuilder, KeyEndpointAccess>();
        ((IEndpointRouteBuilder)keys).MapPost("/keygen", Keygen).For(Caller.AsSet).WithSummary("Make a key pair");
        ((IEndpointRouteBuilder)keys).MapPost("/attest", AttestAsync).For(Caller.AsSet).WithSummary("Sign a receipt, or with session and bytes a voucher, with the receiver's key");
        app.MapPost("/verify-receipt", VerifyAsync).For(Caller.Anybody).WithSummary("Check the signature of a receipt, or with session and bytes of a voucher, and nothing else");
    }

    private static Ok<KeygenAnswer> Keygen()
    {
        using var key = BlsSecretKey.Generate();
        Span<byte> secret = stackalloc byte[BlsSecretKey.Size];
        key.CopyTo(secret);
        var answer = new KeygenAnswer(
            true, Convert.ToBase64String(secret), Convert.ToBase64String(Bls.SkToPk(key).ToArray()), "BLS12-381", BlsSecretKey.Size, BlsPublicKey.Size,
            "Keep private_key secret: whoever has it can act as you. It has travelled over this connection.");
        CryptographicOperations.ZeroMemory(secret);
        return TypedResults.Ok(answer);
    }

    private static async Task<Results<Ok<AttestAnswer>, Refusal>> AttestAsync(
        Body<AttestRequest> body, HttpContext context, IGrainFactory grains, SignatureWorkers workers, ClientAddressResolver addresses, TimeProvider time)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var isKey = BlsSecretKey.TryParse(request.ReceiverPrivateKey, out var key);
        CryptographicOperations.ZeroMemory(request.ReceiverPrivateKey);
        using (key)
        {
            var now = time.GetUtcNow().ToUnixTimeSeconds();
            var voucher = request.IsVoucher ? request.ToVoucher(await InstanceAsync(grains), now) : null;
            if ((voucher?.Fault ?? (isKey ? null : "receiver_private_key is not a valid BLS12-381 secret key")) is { } fault)
                return Answers.BadRequest(fault);
            var (signature, signedAt) = (Array.Empty<byte>(), request.TimeOr(now));
            if (!await workers.TryRunAsync(Turn(addresses.Resolve(context)), Sign))
                return Answers.TooMany(context);
            return TypedResults.Ok(voucher is null
                ? new AttestAnswer(true, Convert.ToBase64String(signature), signedAt.Value, null, null, "Receipt generated successfully")
                : new AttestAnswer(true, null, null, SignedVoucher.Of(voucher), voucher.Id.ToString(), "Voucher generated successfully"));

            void Sign()
            {
                if (voucher is null)
                {
                    signature = Bls.Sign(key!, request.Message(signedAt)).ToArray();
                    return;
                }

                voucher = voucher with { Receiver = MemberKey.From(Bls.SkToPk(key!).ToArray()) };
                voucher = voucher with { Signature = ReceiptSignature.From(Bls.Sign(key!, voucher.SignedMessage()).ToArray()) };
            }
        }
    }

    private static async Task<Results<Ok<VerifyReceiptAnswer>, Refusal>> VerifyAsync(
        Body<VerifyReceiptRequest> body, HttpContext context, IGrainFactory grains, SignatureWorkers workers, VerificationBudget budget, ClientAddressResolver addresses)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var message = request.IsVoucher ? request.ToVoucher(await InstanceAsync(grains)).SignedMessage() : request.Message();
        var valid = false;
        if (!await workers.TryRunAsync(Turn(address), () => valid =
                BlsPublicKey.TryParse(request.Signer.Span, out var key) && BlsSignature.TryParse(request.SignatureBytes, out var signed) && Bls.Verify(key, message, signed)))
            return Answers.TooMany(context);
        return TypedResults.Ok(new VerifyReceiptAnswer(true, valid, $"{(request.IsVoucher ? "Voucher" : "Receipt")} is {(valid ? "valid" : "invalid")}"));
    }

    private static VerificationTurn Turn(IPAddress address) => new(RateLimiter.KeyOf(address), VerificationKind.Convenience);

    private static async Task<InstanceId> InstanceAsync(IGrainFactory grains) =>
        InstanceId.From(Convert.FromHexString(await ClusterCalls.RepeatAsync(() => grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync().AsTask())));
}
