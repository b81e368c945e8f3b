using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Admission;
using Pbts.Api.Announce;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Operations;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Members;

/// <summary>Conveniences that see private keys, for callers on this machine; members make keys with their own software.</summary>
internal static class KeyEndpoints
{
    public static void MapKeys(this IEndpointRouteBuilder app)
    {
        var keys = app.MapGroup("").AddEndpointFilter<IEndpointConventionBuilder, KeyEndpointAccess>();
        ((IEndpointRouteBuilder)keys).MapPost("/keygen", Keygen).WithSummary("Make a key pair").Produces<KeygenAnswer>();
        ((IEndpointRouteBuilder)keys).MapPost("/attest", AttestAsync).WithSummary("Sign a receipt with the receiver's key").Accepts<AttestRequest>("application/json", "*/*").Produces<AttestAnswer>();
        app.MapPost("/verify-receipt", VerifyAsync).WithSummary("Check a receipt's signature, and nothing else").Accepts<VerifyReceiptRequest>("application/json", "*/*").Produces<VerifyReceiptAnswer>();
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

    private static async Task<IResult> AttestAsync(HttpContext context, SignatureWorkers workers, ClientAddressResolver addresses, TimeProvider time)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        var secret = fields.Base64("receiver_private_key", BlsSecretKey.Size);
        var message = ReadMessage(fields, time, out var signedAt);
        BlsSecretKey? key = null;
        if (fields.Error is null && !BlsSecretKey.TryParse(secret, out key))
            fields.Wrong("receiver_private_key", "is not a valid BLS12-381 secret key", 0);
        CryptographicOperations.ZeroMemory(secret);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        using (key)
        {
            byte[] signature = [];
            if (!await workers.TryRunAsync(Turn(addresses.Resolve(context)), () => signature = Bls.Sign(key!, message).ToArray()))
                return Answers.TooMany(context);
            return TypedResults.Ok(new AttestAnswer(true, Convert.ToBase64String(signature), signedAt.Value, "Receipt generated successfully"));
        }
    }

    private static async Task<IResult> VerifyAsync(HttpContext context, SignatureWorkers workers, VerificationBudget budget, ClientAddressResolver addresses, TimeProvider time)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        var receiver = fields.Base64("receiver_public_key", MemberKey.Length);
        if (!fields.Has("timestamp") && !fields.Has("t_epoch"))
            fields.Wrong("timestamp", "is missing", 0);
        var message = ReadMessage(fields, time, out _);
        var text = fields.Text("receipt");
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        // A receipt of a wrong length is a receipt that does not hold; only text that is no base64 is the caller's mistake.
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            return Answers.BadRequest("receipt is not valid base64");
        var valid = false;
        if (!await workers.TryRunAsync(Turn(address), () => valid = BlsPublicKey.TryParse(receiver, out var key) && BlsSignature.TryParse(bytes.AsSpan(0, length), out var signature) && Bls.Verify(key, message, signature)))
            return Answers.TooMany(context);
        return TypedResults.Ok(new VerifyReceiptAnswer(true, valid, valid ? "Receipt is valid" : "Receipt is invalid"));
    }

    private static VerificationTurn Turn(IPAddress address) => new(RateLimiter.KeyOf(address), VerificationKind.Convenience);

    private static byte[] ReadMessage(JsonFields fields, TimeProvider time, out ReceiptTime signedAt)
    {
        var infoHash = fields.Hex("infohash", InfoHash.Length);
        var sender = fields.Base64("sender_public_key", MemberKey.Length);
        var pieceHash = fields.Hex("piece_hash", PieceHash.Sha1Length, PieceHash.Sha256Length);
        var index = fields.Unsigned("piece_index", uint.MaxValue);
        signedAt = fields.Has("timestamp") || fields.Has("t_epoch") ? ReceiptReader.ReadTime(fields) : ReceiptTime.FromTimestamp((ulong)time.GetUtcNow().ToUnixTimeSeconds());
        return fields.Error is not null ? [] : ReceiptMessage.Build(InfoHash.From(infoHash), MemberKey.From(sender), PieceHash.From(pieceHash), (uint)index, signedAt);
    }
}

/// <summary>Answer to <c>POST /keygen</c>; keys in base64.</summary>
internal sealed record KeygenAnswer(bool Success, string PrivateKey, string PublicKey, string KeyType, int PrivateKeySize, int PublicKeySize, string Warning);

/// <summary>Body of <c>POST /attest</c>.</summary>
internal sealed record AttestRequest(string ReceiverPrivateKey, string SenderPublicKey, string PieceHash, uint PieceIndex, string Infohash, ulong? Timestamp);

/// <summary>Answer to <c>POST /attest</c>: the signature in base64 and the time it is over.</summary>
internal sealed record AttestAnswer(bool Success, string Receipt, ulong Timestamp, string Message);

/// <summary>Body of <c>POST /verify-receipt</c>.</summary>
internal sealed record VerifyReceiptRequest(string ReceiverPublicKey, string SenderPublicKey, string PieceHash, uint PieceIndex, string Infohash, ulong Timestamp, string Receipt);

/// <summary>Answer to <c>POST /verify-receipt</c>.</summary>
internal sealed record VerifyReceiptAnswer(bool Success, bool Valid, string Message);
