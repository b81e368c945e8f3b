using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Site;

/// <summary>
/// What a site says of torrents, groups and factors, and what it asks of members and history. Stateless: answers from the nearest
/// silo, the database decides. What has been answered is durable, and holds on every silo and front end within a second.
/// </summary>
[Alias("pbts.ISiteGrain")]
public interface ISiteGrain : IGrainWithIntegerKey
{
    /// <summary>Sets torrents, all at once; of one given twice the last counts. Up to 1,000.</summary>
    /// <returns>What came of each, in order.</returns>
    [Alias("SetTorrents"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<SiteTorrentVerdict>> SetTorrentsAsync(IReadOnlyList<SiteTorrent> torrents);

    /// <summary>A torrent by its infohash (40 lower-case hexadecimal digits); null when there is none.</summary>
    [Alias("FindTorrent"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<SiteTorrentState?> FindTorrentAsync(string infoHash);

    /// <summary>A torrent by the site's number.</summary>
    [Alias("FindTorrentById"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<SiteTorrentState?> FindTorrentByIdAsync(long id);

    /// <summary>Torrents by infohash, after one (empty: from the first).</summary>
    [Alias("ListTorrents"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<SiteTorrentState>> ListTorrentsAsync(string after, int count);

    /// <summary>The newest torrents whose name has a text in it, whose infohash begins with it, or whose number it is, whoever brought them.</summary>
    /// <param name="text">Empty for all.</param>
    /// <param name="count">1 to 1,000.</param>
    [Alias("SearchTorrents"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<FoundTorrent>> SearchTorrentsAsync(string text, int count);

    /// <summary>Features a torrent or ends that; false when there is none of this number.</summary>
    [Alias("SetFeatured"), ResponseTimeout("00:00:10")]
    ValueTask<bool> SetFeaturedAsync(long id, bool isFeatured);

    /// <summary>The same by infohash (40 lower-case hexadecimal digits).</summary>
    [Alias("SetFeaturedByInfoHash"), ResponseTimeout("00:00:10")]
    ValueTask<bool> SetFeaturedAsync(string infoHash, bool isFeatured);

    /// <summary>The groups, by number.</summary>
    [Alias("GetGroups"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<IReadOnlyList<SiteGroup>> GetGroupsAsync();

    /// <summary>Adds or replaces groups, all at once.</summary>
    [Alias("SetGroups"), ResponseTimeout("00:00:10")]
    ValueTask SetGroupsAsync(IReadOnlyList<SiteGroup> groups);

    /// <summary>Ends a group, whose members are in none then; false when there is none of this number.</summary>
    [Alias("RemoveGroup"), ResponseTimeout("00:00:10")]
    ValueTask<bool> RemoveGroupAsync(long id);

    /// <summary>The factors for everything.</summary>
    [Alias("GetFactors"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<SiteFactors> GetFactorsAsync();

    /// <summary>Sets them.</summary>
    /// <param name="expected">What they have to be until then; null: whatever they are.</param>
    /// <returns>False when they were something else: then they stay that.</returns>
    [Alias("SetFactors"), ResponseTimeout("00:00:10")]
    ValueTask<bool> SetFactorsAsync(SiteFactors factors, SiteFactors? expected = null);

    /// <summary>Gives tokens; a member's for a torrent replaces the one before. Of members that are not there nothing is kept.</summary>
    /// <returns>Whether each member is there, in order.</returns>
    [Alias("SetTokens"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<bool>> SetTokensAsync(IReadOnlyList<FreeleechToken> tokens);

    /// <summary>Takes a token back; false when there was none.</summary>
    [Alias("RemoveToken"), ResponseTimeout("00:00:10")]
    ValueTask<bool> RemoveTokenAsync(string userId, string infoHash);

    /// <summary>Lets nothing of a member's downloads be credited for a time; null ends that. False when there is no such member.</summary>
    [Alias("SetFreeleech"), ResponseTimeout("00:00:10")]
    ValueTask<bool> SetFreeleechAsync(string userId, DateTimeOffset? until);

    /// <summary>A member; null when there is none.</summary>
    [Alias("FindMember"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<SiteMember?> FindMemberAsync(string userId);

    /// <summary>Members by user id, after one (empty: from the first).</summary>
    [Alias("ListMembers"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<SiteMember>> ListMembersAsync(string after, int count);

    /// <summary>
    /// Ends a member: it announces no more, its passkey is nobody's, and its key is no member's any more. What others have signed for
    /// it, and it for others, stays. False when there is no such member, or it has another passkey than the one given.
    /// </summary>
    [Alias("RemoveMember"), ResponseTimeout("00:00:10")]
    ValueTask<bool> RemoveMemberAsync(string userId, string? passkey);

    /// <summary>Sets what members bring from another system: what they brought before is replaced. Of members that are not there nothing is kept.</summary>
    /// <returns>Whether each member is there, in order.</returns>
    [Alias("SetBaselines"), ResponseTimeout("00:00:10")]
    ValueTask<IReadOnlyList<bool>> SetBaselinesAsync(IReadOnlyList<SiteBaseline> baselines);

    /// <summary>Puts in history what is brought from another system. Rows that are there already stay as they are.</summary>
    /// <returns>Rows that were new.</returns>
    [Alias("AddHistory"), ResponseTimeout("00:00:20")]
    ValueTask<int> AddHistoryAsync(IReadOnlyList<HistoryEntry> entries);

    /// <summary>History by member and torrent, after one (null: from the first).</summary>
    /// <param name="userId">One member's; null: all.</param>
    /// <param name="infoHash">One torrent's; null: all.</param>
    /// <param name="after">The member and torrent of the last entry before.</param>
    /// <param name="count">1 to 1,000.</param>
    [Alias("ListHistory"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<HistoryEntry>> ListHistoryAsync(string? userId, string? infoHash, HistoryCursor? after, int count);

    /// <summary>Infohashes that are not registered and members who announced them, the newest first.</summary>
    [Alias("ListUnregistered"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<UnregisteredTorrent>> ListUnregisteredAsync(int count);

    /// <summary>What has changed after a cursor, in the one order in which it became durable.</summary>
    /// <param name="after">The cursor; 0: from the first that is kept.</param>
    /// <param name="count">Batches at most.</param>
    /// <returns>Null when changes after the cursor are not kept any more.</returns>
    [Alias("ReadChanges"), ResponseTimeout("00:00:10"), ReadOnly]
    ValueTask<IReadOnlyList<SiteChangeBatch>?> ReadChangesAsync(long after, int count);

    /// <summary>The cursor of the newest change; 0 when none is kept.</summary>
    [Alias("GetLastChange"), ResponseTimeout("00:00:05"), ReadOnly]
    ValueTask<long> GetLastChangeAsync();
}

/// <summary>Where a list of history goes on.</summary>
[GenerateSerializer, Immutable, Alias("pbts.HistoryCursor")]
public sealed record HistoryCursor([property: Id(0)] string UserId, [property: Id(1)] string InfoHash);

/// <summary>What a member brings from another system: it is credited, and proves nothing. Bytes.</summary>
[GenerateSerializer, Immutable, Alias("pbts.SiteBaseline")]
public sealed record SiteBaseline([property: Id(0)] string UserId, [property: Id(1)] long Uploaded, [property: Id(2)] long Downloaded);

/// <summary>An infohash that is not registered, which a member has announced.</summary>
[GenerateSerializer, Immutable, Alias("pbts.UnregisteredTorrent")]
public sealed record UnregisteredTorrent([property: Id(0)] string UserId, [property: Id(1)] string InfoHash, [property: Id(2)] DateTimeOffset LastSeen, [property: Id(3)] long Times);

/// <summary>Changes that became durable together.</summary>
/// <param name="Cursor">Where to go on after it.</param>
/// <param name="Lines">JSON objects, one a line, UTF-8, compressed with gzip.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiteChangeBatch")]
public sealed record SiteChangeBatch([property: Id(0)] long Cursor, [property: Id(1)] byte[] Lines);
