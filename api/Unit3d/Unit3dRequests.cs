using System.Text;
using System.Text.Json;
using Pbts.Api.Dialects;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Unit3d;

/// <summary>Body of <c>PUT torrents</c>. UNIT3D's counts of peers are of no use to who has the peers.</summary>
/// <param name="Status">0 pending, 1 approved, 2 rejected, 3 postponed.</param>
/// <param name="TimesCompleted">With those completed here that it has heard of.</param>
/// <param name="DownloadFactor">Per cent.</param>
/// <param name="UploadFactor">Per cent.</param>
internal sealed record Unit3dTorrentRequest(
    ulong Id, int Status, InfoHash InfoHash, bool IsDeleted, ulong TimesCompleted, int DownloadFactor, int UploadFactor, ulong? Seeders = null, ulong? Leechers = null) : IBody<Unit3dTorrentRequest>
{
    private const int MaxFactor = 1000;

    public static Unit3dTorrentRequest Read(JsonFields fields) => new(
        Unit3dFields.Id(fields, "id"), (int)fields.Unsigned("status", (ulong)TorrentStatus.Postponed), fields.InfoHash("info_hash"), fields.Boolean("is_deleted"),
        fields.Unsigned("times_completed", int.MaxValue), (int)fields.Unsigned("download_factor", MaxFactor), (int)fields.Unsigned("upload_factor", MaxFactor),
        fields.OptionalUnsigned("seeders"), fields.OptionalUnsigned("leechers"));
}

/// <summary>Body of <c>DELETE torrents</c>.</summary>
internal sealed record Unit3dTorrentRemoval(ulong Id, InfoHash InfoHash) : IBody<Unit3dTorrentRemoval>
{
    public static Unit3dTorrentRemoval Read(JsonFields fields) => new(Unit3dFields.Id(fields, "id"), fields.InfoHash("info_hash"));
}

/// <summary>Body of <c>PUT users</c>. UNIT3D's counts of what a member seeds and leeches are of no use to who has the peers.</summary>
/// <param name="NewPasskey">Its passkey from now on; left out: <paramref name="Passkey"/>.</param>
internal sealed record Unit3dUserRequest(
    ulong Id, ulong GroupId, string Passkey, bool CanDownload, bool IsDonor, bool IsLifetime, string? NewPasskey = null, ulong? NumSeeding = null, ulong? NumLeeching = null) : IBody<Unit3dUserRequest>
{
    public static Unit3dUserRequest Read(JsonFields fields) => new(
        Unit3dFields.Id(fields, "id"), Unit3dFields.Id(fields, "group_id"), fields.Text("passkey"), fields.Boolean("can_download"), fields.Boolean("is_donor"), fields.Boolean("is_lifetime"),
        fields.OptionalText("new_passkey"), fields.OptionalUnsigned("num_seeding"), fields.OptionalUnsigned("num_leeching"));
}

/// <summary>Body of <c>DELETE users</c>.</summary>
internal sealed record Unit3dUserRemoval(ulong Id, string Passkey) : IBody<Unit3dUserRemoval>
{
    public static Unit3dUserRemoval Read(JsonFields fields) => new(Unit3dFields.Id(fields, "id"), fields.Text("passkey"));
}

/// <summary>Body of <c>PUT groups</c>.</summary>
/// <param name="Slug">Its name, 1 to 100 characters.</param>
/// <param name="DownloadSlots">Null: any number.</param>
internal sealed record Unit3dGroupRequest(ulong Id, string Slug, bool IsImmune, bool IsFreeleech, bool IsDoubleUpload, int? DownloadSlots = null) : IBody<Unit3dGroupRequest>
{
    private const int LongestSlug = 100;

    public static Unit3dGroupRequest Read(JsonFields fields)
    {
        var slug = fields.Text("slug");
        if (slug.Length > LongestSlug)
            fields.Wrong("slug", $"is too long: at most {LongestSlug} characters", slug);
        return new(Unit3dFields.Id(fields, "id"), slug, fields.Boolean("is_immune"), fields.Boolean("is_freeleech"), fields.Boolean("is_double_upload"), (int?)fields.OptionalUnsigned("download_slots", int.MaxValue));
    }
}

/// <summary>Body of <c>DELETE groups</c>.</summary>
internal sealed record Unit3dGroupRemoval(ulong Id) : IBody<Unit3dGroupRemoval>
{
    public static Unit3dGroupRemoval Read(JsonFields fields) => new(Unit3dFields.Id(fields, "id"));
}

/// <summary>Body of <c>PUT</c> and <c>DELETE blacklisted-agents</c>.</summary>
/// <param name="PeerIdPrefix">How peer ids begin, 1 to 20 bytes: a text, or a list of numbers, which UNIT3D's own service takes.</param>
internal sealed record Unit3dAgentRequest(JsonElement PeerIdPrefix) : IBody<Unit3dAgentRequest>
{
    private const string Name = "peer_id_prefix";

    private readonly byte[] _bytes = [];

    private Unit3dAgentRequest(byte[] bytes)
        : this(default(JsonElement)) => _bytes = bytes;

    public static Unit3dAgentRequest Read(JsonFields fields)
    {
        byte[] bytes = [];
        if (fields.IsText(Name) || !fields.Has(Name))
            bytes = Encoding.UTF8.GetBytes(fields.Text(Name));
        else
            bytes = [.. fields.OptionalArray(Name, PeerId.Length).Select(element => element.ValueKind == JsonValueKind.Number && element.TryGetByte(out var value) ? value : fields.Wrong(Name, "must be text or a list of bytes", (byte)0))];
        if (bytes.Length is 0 or > PeerId.Length)
            fields.Wrong(Name, $"must be 1 to {PeerId.Length} bytes", bytes);
        return new(bytes);
    }

    /// <summary>Its bytes.</summary>
    public byte[] ToBytes() => _bytes;
}

/// <summary>Body of <c>PUT</c> and <c>DELETE freeleech-tokens</c>.</summary>
internal sealed record Unit3dTokenRequest(ulong UserId, ulong TorrentId) : IBody<Unit3dTokenRequest>
{
    public static Unit3dTokenRequest Read(JsonFields fields) => new(Unit3dFields.Id(fields, "user_id"), Unit3dFields.Id(fields, "torrent_id"));
}

/// <summary>Body of <c>PUT</c> and <c>DELETE personal-freeleech</c>.</summary>
internal sealed record Unit3dFreeleechRequest(ulong UserId) : IBody<Unit3dFreeleechRequest>
{
    public static Unit3dFreeleechRequest Read(JsonFields fields) => new(Unit3dFields.Id(fields, "user_id"));
}

/// <summary>Body of <c>PUT</c> and <c>DELETE featured-torrents</c>.</summary>
internal sealed record Unit3dFeaturedRequest(ulong TorrentId) : IBody<Unit3dFeaturedRequest>
{
    public static Unit3dFeaturedRequest Read(JsonFields fields) => new(Unit3dFields.Id(fields, "torrent_id"));
}

/// <summary>What bodies have in common.</summary>
internal static class Unit3dFields
{
    /// <summary>A number of the site's.</summary>
    public static ulong Id(JsonFields fields, string name) => fields.Unsigned(name, int.MaxValue);
}
