using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
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
        ((IEndpointRouteBuilder)keys).MapPost("/keygen", Keygen).For(Caller.AsSet).WithSummary("Make a key pair").Produces<KeygenAnswer>();
        ((IEndpointRouteBuilder)keys).MapPost("/attest", AttestAsync).For(Caller.AsSet).WithSummary("Sign a receipt, or with session and bytes a voucher, with the receiver's key").Accepts<AttestRequest>("application/json", "*/*").Produces<AttestAnswer>();
        app.MapPost("/verify-receipt", VerifyAsync).For(Caller.Anybody).WithSummary("Check the signature of a receipt, or with session and bytes of a voucher, and nothing else").Accepts<VerifyReceiptRequest>("application/json", "*/*").Produces<VerifyReceiptAnswer>();
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

    private static async Task<IResult> AttestAsync(HttpContext context, IGrainFactory grains, SignatureWorkers workers, ClientAddressResolver addresses, TimeProvider time)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        var now = (ulong)time.GetUtcNow().ToUnixTimeSeconds();
        var (voucher, message, signedAt) = (default(Voucher), Array.Empty<byte>(), default(ReceiptTime));
        var instance = IsVoucher(fields) ? await InstanceAsync(grains) : (InstanceId?)null;
        var secret = fields.Base64("receiver_private_key", BlsSecretKey.Size);
        if (instance is { } tracker)
            voucher = VoucherReader.ReadToSign(fields, tracker, now);
        else
            message = ReadMessage(fields, now, out signedAt);
        BlsSecretKey? key = null;
        if (fields.Error is null && !BlsSecretKey.TryParse(secret, out key))
            fields.Wrong("receiver_private_key", "is not a valid BLS12-381 secret key", 0);
        CryptographicOperations.ZeroMemory(secret);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        using (key)
        {
            byte[] signature = [];
            if (!await workers.TryRunAsync(Turn(addresses.Resolve(context)), Sign))
                return Answers.TooMany(context);
            return TypedResults.Ok(voucher is null
                ? new AttestAnswer(true, Convert.ToBase64String(signature), signedAt.Value, null, null, "Receipt generated successfully")
                : new AttestAnswer(true, null, null, SignedVoucher.Of(voucher), voucher.Id.ToString(), "Voucher generated successfully"));

            void Sign()
            {
                if (voucher is null)
                {
                    signature = Bls.Sign(key!, message).ToArray();
                    return;
                }

                voucher = voucher with { Receiver = MemberKey.From(Bls.SkToPk(key!).ToArray()) };
                voucher = voucher with { Signature = ReceiptSignature.From(Bls.Sign(key!, voucher.SignedMessage()).ToArray()) };
            }
        }
    }

    private static async Task<IResult> VerifyAsync(
        HttpContext context, IGrainFactory grains, SignatureWorkers workers, VerificationBudget budget, ClientAddressResolver addresses, TimeProvider time)
    {
        var address = addresses.Resolve(context);
        if (!budget.Allows(address, VerificationBudget.Single))
            return Answers.TooMany(context);
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        var isVoucher = IsVoucher(fields);
        var (receiver, message, signature) = isVoucher ? ReadVoucher(fields, await InstanceAsync(grains)) : ReadReceipt(fields, time);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        var valid = false;
        if (!await workers.TryRunAsync(Turn(address), () => valid = BlsPublicKey.TryParse(receiver, out var key) && BlsSignature.TryParse(signature, out var signed) && Bls.Verify(key, message, signed)))
            return Answers.TooMany(context);
        return TypedResults.Ok(new VerifyReceiptAnswer(true, valid, $"{(isVoucher ? "Voucher" : "Receipt")} is {(valid ? "valid" : "invalid")}"));
    }

    private static VerificationTurn Turn(IPAddress address) => new(RateLimiter.KeyOf(address), VerificationKind.Convenience);

    /// <summary>One of the two that make a voucher is enough to say what was meant: the other is missing then.</summary>
    private static bool IsVoucher(JsonFields fields)
    {
        var isVoucher = fields.Has("session") || fields.Has("bytes");
        foreach (var field in (ReadOnlySpan<string>)["piece_hash", "piece_index", "receipt"])
        {
            if (isVoucher && fields.Has(field))
                fields.Wrong(field, "is a receipt's, session and bytes are a voucher's: give one of the two", 0);
        }

        return isVoucher;
    }

    private static async Task<InstanceId> InstanceAsync(IGrainFactory grains) =>
        InstanceId.From(Convert.FromHexString(await ClusterCalls.RepeatAsync(() => grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync().AsTask())));

    private static (byte[] Receiver, byte[] Message, byte[] Signature) ReadVoucher(JsonFields fields, InstanceId instance) =>
        VoucherReader.Read(fields, instance, reporter: null) is { } voucher
            ? (voucher.Receiver.ToArray(), voucher.SignedMessage(), voucher.Signature.ToArray()) : default;

    private static (byte[] Receiver, byte[] Message, byte[] Signature) ReadReceipt(JsonFields fields, TimeProvider time)
    {
        var receiver = fields.Base64("receiver_public_key", MemberKey.Length);
        if (!fields.Has("timestamp") && !fields.Has("t_epoch"))
            fields.Wrong("timestamp", "is missing", 0);
        var message = ReadMessage(fields, (ulong)time.GetUtcNow().ToUnixTimeSeconds(), out _);
        var text = fields.Text("receipt");
        // A receipt of a wrong length is a receipt that does not hold; only text that is no base64 is the caller's mistake.
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            fields.Wrong("receipt", "is not valid base64", 0);
        return (receiver, message, bytes[..length]);
    }

    private static byte[] ReadMessage(JsonFields fields, ulong now, out ReceiptTime signedAt)
    {
        var infoHash = fields.Hex("infohash", InfoHash.Length);
        var sender = fields.Base64("sender_public_key", MemberKey.Length);
        var pieceHash = fields.Hex("piece_hash", PieceHash.Sha1Length, PieceHash.Sha256Length);
        var index = fields.Unsigned("piece_index", uint.MaxValue);
        signedAt = fields.Has("timestamp") || fields.Has("t_epoch") ? ReceiptReader.ReadTime(fields) : ReceiptTime.FromTimestamp(now);
        return fields.Error is not null ? [] : ReceiptMessage.Build(InfoHash.From(infoHash), MemberKey.From(sender), PieceHash.From(pieceHash), (uint)index, signedAt);
    }
}

/// <summary>Answer to <c>POST /keygen</c>; keys in base64.</summary>
internal sealed record KeygenAnswer(bool Success, string PrivateKey, string PublicKey, string KeyType, int PrivateKeySize, int PublicKeySize, string Warning);

/// <summary>Body of <c>POST /attest</c>: of a receipt its piece, of a voucher its session and bytes.</summary>
/// <param name="SenderPublicKey">The uploader's key for a receipt.</param>
/// <param name="SenderPk">The uploader's key for a voucher.</param>
/// <param name="Timestamp">Of a receipt; now when absent.</param>
/// <param name="Opened">Of a voucher; now when absent.</param>
/// <param name="SignedAt">Of a voucher; now when absent.</param>
internal sealed record AttestRequest(
    string ReceiverPrivateKey, string Infohash, string? SenderPublicKey, string? PieceHash, uint? PieceIndex, ulong? Timestamp,
    string? SenderPk, string? Session, long? Bytes, long? Opened, long? SignedAt);

/// <summary>Answer to <c>POST /attest</c>: a receipt's signature in base64 and the time it is over, or a voucher.</summary>
internal sealed record AttestAnswer(
    bool Success,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Receipt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ulong? Timestamp,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] SignedVoucher? Voucher,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? VoucherId,
    string Message);

/// <summary>A voucher for this tracker, as <c>POST /report</c> takes it.</summary>
internal sealed record SignedVoucher(string Infohash, string SenderPk, string ReceiverPk, string Session, long Bytes, long Opened, long SignedAt, string Signature)
{
    public static SignedVoucher Of(Voucher voucher) => new(
        voucher.InfoHash.ToString(), Convert.ToBase64String(voucher.Sender.Span), Convert.ToBase64String(voucher.Receiver.Span), voucher.Session.ToString(),
        voucher.Bytes, voucher.Opened, voucher.SignedAt, Convert.ToBase64String(voucher.Signature.Span));
}

/// <summary>Body of <c>POST /verify-receipt</c>: a receipt, or a voucher with the fields it is reported with.</summary>
internal sealed record VerifyReceiptRequest(
    string Infohash, string? ReceiverPublicKey, string? SenderPublicKey, string? PieceHash, uint? PieceIndex, ulong? Timestamp, string? Receipt,
    string? ReceiverPk, string? SenderPk, string? Session, long? Bytes, long? Opened, long? SignedAt, string? Signature);

/// <summary>Answer to <c>POST /verify-receipt</c>.</summary>
internal sealed record VerifyReceiptAnswer(bool Success, bool Valid, string Message);
