using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Support;

/// <summary>A tracker user with a key of its own, as its software would act.</summary>
internal sealed class Member
{
    private static readonly long s_opened = Now - 3600;

    private readonly MemberIdentity _identity;

    public Member(string name, MemberIdentity? identity = null)
    {
        UserId = $"{name}-{Guid.NewGuid():N}"[..Math.Min(name.Length + 9, 64)];
        _identity = identity ?? MemberIdentity.Generate();
    }

    public string UserId { get; init; }

    public MemberKey Key => _identity.PublicKey;

    public string PublicKey => Convert.ToBase64String(Key.Span);

    public string Passkey { get; private set; } = "";

    public static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>A member that has proved its key.</summary>
    public static async Task<Member> RegisteredAsync(HttpClient tracker, string name, MemberIdentity? identity = null)
    {
        var member = new Member(name, identity);
        var (status, answer) = await member.RegisterAsync(tracker);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.True((bool)answer["proof_of_possession"]!);
        return member;
    }

    /// <param name="administrator">The token, when the administration registers it.</param>
    public async Task<(HttpStatusCode Status, JsonObject Answer)> RegisterAsync(HttpClient tracker, bool signed = true, string? invite = null, string? administrator = null, JsonNode? proof = null, JsonArray? passports = null)
    {
        var body = new JsonObject { ["user_id"] = UserId, ["public_key"] = PublicKey };
        if (invite is not null)
            body["invite"] = invite;
        if (proof is not null)
            body["proof"] = proof.DeepClone();
        if (passports is not null)
            body["passports"] = passports.DeepClone();
        if (signed)
            body["signature"] = Sign(RegistrationMessage.Build(await tracker.InstanceIdAsync(), UserId));
        (string, string)[] headers = administrator is null ? [] : [("Authorization", $"Bearer {administrator}")];
        var (status, answer) = await tracker.PostTextAsync("/register", body.ToJsonString(), headers: headers);
        Passkey = (string?)answer["passkey"] ?? Passkey;
        return (status, answer);
    }

    /// <summary>The same member with another key, once the tracker has replaced it.</summary>
    public async Task<Member> RotateAsync(HttpClient tracker, MemberIdentity? identity = null)
    {
        var next = new Member(UserId, identity) { UserId = UserId };
        var (status, answer) = await RotateAsync(tracker, next);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        next.Passkey = (string)answer["passkey"]!;
        return next;
    }

    /// <summary>Asks for another key.</summary>
    public async Task<(HttpStatusCode Status, JsonObject Answer)> RotateAsync(HttpClient tracker, Member next)
    {
        var instance = await tracker.InstanceIdAsync();
        var now = Now;
        return await tracker.PostAsync($"/user/{UserId}/rotate-key", new JsonObject
        {
            ["new_public_key"] = next.PublicKey, ["timestamp"] = now,
            ["signature"] = Sign(RotationMessage.Build(instance, UserId, next.Key, (ulong)now)),
            ["new_signature"] = next.Sign(RegistrationMessage.Build(instance, UserId)),
        });
    }

    public string Sign(byte[] message) => Convert.ToBase64String(_identity.Sign(message).Span);

    /// <summary>A receipt of this member, the receiver, as it is reported. The piece hash is 20 or 32 bytes.</summary>
    public JsonObject Receipt(Member sender, string piece, uint index = 0, long? timestamp = null, long? size = 1000, bool sha1 = false, string? signature = null, InfoHash? torrent = null)
    {
        var hash = sha1 ? System.Security.Cryptography.SHA1.HashData(Encoding.UTF8.GetBytes(piece)) : System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(piece));
        var time = timestamp ?? Now;
        var message = ReceiptMessage.Build(torrent ?? Torrent, sender.Key, PieceHash.From(hash), index, ReceiptTime.FromTimestamp((ulong)time));
        var receipt = new JsonObject
        {
            ["infohash"] = (torrent ?? Torrent).ToString(), ["sender_pk"] = sender.PublicKey, ["receiver_public_key"] = PublicKey,
            ["piece_hash"] = Convert.ToHexStringLower(hash), ["piece_index"] = index, ["timestamp"] = time, ["signature"] = signature ?? Sign(message),
        };
        if (size is not null)
            receipt["piece_size"] = size;
        return receipt;
    }

    /// <summary>A voucher of this member, the receiver, as it is reported.</summary>
    /// <param name="session">Any text: the same text, the same session.</param>
    /// <param name="change">Changes what is signed.</param>
    public async Task<JsonObject> VoucherAsync(HttpClient tracker, Member sender, string session, long bytes, Func<Voucher, Voucher>? change = null) =>
        Voucher(InstanceId.From(Convert.FromHexString(await tracker.InstanceIdAsync())), sender, session, bytes, change);

    /// <inheritdoc cref="VoucherAsync"/>
    public JsonObject Voucher(InstanceId instance, Member sender, string session, long bytes, Func<Voucher, Voucher>? change = null)
    {
        var voucher = new Voucher
        {
            Instance = instance, InfoHash = Torrent, Sender = sender.Key, Receiver = Key,
            Session = SessionId.From(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(session)).AsSpan(0, SessionId.Length)),
            Bytes = bytes, Opened = s_opened, SignedAt = Now,
        };
        voucher = change?.Invoke(voucher) ?? voucher;
        return (voucher with { Signature = _identity.Sign(voucher.SignedMessage()) }).ToJson();
    }

    public Task<(HttpStatusCode Status, JsonObject Answer)> ReportVouchersAsync(HttpClient tracker, params IEnumerable<JsonNode> vouchers) =>
        tracker.PostAsync("/report", new JsonObject { ["user_id"] = UserId, ["vouchers"] = new JsonArray([.. vouchers.Select(voucher => voucher.DeepClone())]) });

    /// <summary>The same in the dialect that peers speak among each other: an hour instead of a second, other names.</summary>
    public JsonObject EpochReceipt(Member sender, string piece, uint index = 0, ulong? epoch = null)
    {
        var hash = PieceHash.OfPiece(Encoding.UTF8.GetBytes(piece));
        var hour = epoch ?? ReceiptTime.EpochOf((ulong)Now);
        return new JsonObject
        {
            ["infohash"] = Torrent.ToString(), ["sender_pk"] = sender.PublicKey, ["receiver_pk"] = PublicKey,
            ["piece_hash"] = hash.ToString(), ["piece_index"] = index, ["t_epoch"] = hour, ["piece_size"] = 1000,
            ["signature"] = Sign(ReceiptMessage.Build(Torrent, sender.Key, hash, index, ReceiptTime.FromEpoch(hour))),
        };
    }

    public Task<(HttpStatusCode Status, JsonObject Answer)> ReportAsync(HttpClient tracker, params IEnumerable<JsonNode> receipts) =>
        tracker.PostAsync("/report", new JsonObject { ["user_id"] = UserId, ["receipts"] = new JsonArray([.. receipts.Select(receipt => receipt.DeepClone())]) });

    public async Task<(long Uploaded, long Downloaded)> TotalsAsync(HttpClient tracker)
    {
        var (status, user) = await tracker.GetJsonAsync($"/user/{UserId}");
        Assert.Equal(HttpStatusCode.OK, status);
        return ((long)user["total_uploaded"]!, (long)user["total_downloaded"]!);
    }

    private static InfoHash Torrent { get; } = InfoHash.From(System.Security.Cryptography.SHA1.HashData("torrent"u8));
}
