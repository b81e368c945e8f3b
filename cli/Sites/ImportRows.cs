namespace Pbts.Cli.Sites;

/// <summary>A group, as <c>PUT /api/v1/groups</c> takes it. Factors are per cent.</summary>
internal sealed record ImportGroup(long Id, string Name, long? DownloadSlots = null, bool Immune = false, long DownloadFactor = 100, long UploadFactor = 100);

/// <summary>A member, as <c>PUT /api/v1/members</c> takes it.</summary>
internal sealed record ImportMember(string UserId, string? Passkey, long? GroupId = null, string? Disabled = null, bool CanDownload = true, bool Donor = false, bool Lifetime = false);

/// <summary>What a member brings, as <c>PUT /api/v1/baselines</c> takes it. Bytes.</summary>
internal sealed record ImportBaseline(string UserId, long Uploaded, long Downloaded);

/// <summary>A member of a site, and what it brings.</summary>
/// <param name="FreeleechUntil">Until when nothing of its downloads is credited; null: not now. Unix seconds.</param>
internal sealed record SourceMember(ImportMember Member, long Uploaded, long Downloaded, long? FreeleechUntil = null);

/// <summary>A torrent, as <c>PUT /api/v1/torrents</c> takes it.</summary>
internal sealed record ImportTorrent(
    string Infohash, long? Id, string Status = "approved", string? Reason = null, long DownloadFactor = 100, long UploadFactor = 100, long? FactorsUntil = null, long TimesCompleted = 0);

/// <summary>A torrent of a site.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="IsFeatured">Whether it is featured.</param>
/// <param name="Problem">Why it cannot be brought, where its source says so.</param>
/// <param name="Note">What is lost on the way, where something is.</param>
internal sealed record SourceTorrent(string Name, ImportTorrent Torrent, bool IsFeatured = false, string? Problem = null, string? Note = null);

/// <summary>What a member did with a torrent, as <c>POST /api/v1/history</c> takes it. Bytes and seconds.</summary>
/// <param name="Infohash">Empty: of a torrent that is not there.</param>
internal sealed record ImportHistory(
    string UserId, string Infohash, long Uploaded = 0, long Downloaded = 0, long ClientUploaded = 0, long ClientDownloaded = 0, long SeedTime = 0,
    long? FirstSeen = null, long? LastSeen = null, long? CompletedAt = null, string? Client = null, bool Seeder = false);

/// <summary>A freeleech token, as <c>PUT /api/v1/freeleech-tokens</c> takes it.</summary>
internal sealed record ImportToken(string UserId, string Infohash);

/// <summary>A rule for clients, as <c>PUT /api/v1/clients</c> takes it.</summary>
internal sealed record ImportClient(string Prefix, bool Allowed, string? Reason = null);
