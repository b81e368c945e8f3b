using Orleans.Concurrency;
using Pbts.GrainInterfaces.Site;
using Pbts.Grains.Claims;

namespace Pbts.Grains.Site;

[StatelessWorker, Reentrant]
internal sealed class SiteGrain(SiteStore site, HistoryStore history) : Grain, ISiteGrain
{
    public async ValueTask<IReadOnlyList<SiteTorrentVerdict>> SetTorrentsAsync(IReadOnlyList<SiteTorrent> torrents) => await site.SetTorrentsAsync(torrents);

    public async ValueTask<SiteTorrentState?> FindTorrentAsync(string infoHash) => await site.FindTorrentAsync(infoHash);

    public async ValueTask<SiteTorrentState?> FindTorrentByIdAsync(long id) => await site.FindTorrentAsync(id);

    public async ValueTask<IReadOnlyList<SiteTorrentState>> ListTorrentsAsync(string after, int count) => await site.ListTorrentsAsync(after, count);

    public async ValueTask<IReadOnlyList<FoundTorrent>> SearchTorrentsAsync(string text, int count) => await site.SearchTorrentsAsync(text, count);

    public async ValueTask<bool> SetFeaturedAsync(long id, bool isFeatured) => await site.SetFeaturedAsync(id, isFeatured);

    public async ValueTask<bool> SetFeaturedAsync(string infoHash, bool isFeatured) => await site.SetFeaturedAsync(infoHash, isFeatured);

    public async ValueTask<IReadOnlyList<SiteGroup>> GetGroupsAsync() => await site.ReadGroupsAsync();

    public async ValueTask SetGroupsAsync(IReadOnlyList<SiteGroup> groups) => await site.SetGroupsAsync(groups);

    public async ValueTask<bool> RemoveGroupAsync(long id) => await site.RemoveGroupAsync(id);

    public async ValueTask<SiteFactors> GetFactorsAsync() => await site.ReadFactorsAsync();

    public async ValueTask<bool> SetFactorsAsync(SiteFactors factors, SiteFactors? expected) => await site.SetFactorsAsync(factors, expected);

    public async ValueTask<IReadOnlyList<bool>> SetTokensAsync(IReadOnlyList<FreeleechToken> tokens) => await site.SetTokensAsync(tokens);

    public async ValueTask<bool> RemoveTokenAsync(string userId, string infoHash) => await site.RemoveTokenAsync(userId, infoHash);

    public async ValueTask<bool> SetFreeleechAsync(string userId, DateTimeOffset? until) => await site.SetFreeleechAsync(userId, until);

    public async ValueTask<SiteMember?> FindMemberAsync(string userId) => await site.FindMemberAsync(userId);

    public async ValueTask<IReadOnlyList<SiteMember>> ListMembersAsync(string after, int count) => await site.ListMembersAsync(after, count);

    public async ValueTask<bool> RemoveMemberAsync(string userId, string? passkey) => await site.RemoveMemberAsync(userId, passkey);

    public async ValueTask<IReadOnlyList<bool>> SetBaselinesAsync(IReadOnlyList<SiteBaseline> baselines) => await site.SetBaselinesAsync(baselines);

    public async ValueTask<int> AddHistoryAsync(IReadOnlyList<HistoryEntry> entries) => await site.AddHistoryAsync(entries);

    public async ValueTask<IReadOnlyList<HistoryEntry>> ListHistoryAsync(string? userId, string? infoHash, HistoryCursor? after, int count) => await site.ListHistoryAsync(userId, infoHash, after, count);

    public async ValueTask NoteUnregisteredAsync(IReadOnlyList<UnregisteredTorrent> torrents) => await history.NoteUnregisteredAsync(torrents);

    public async ValueTask<IReadOnlyList<UnregisteredTorrent>> ListUnregisteredAsync(int count) => await site.ListUnregisteredAsync(count);

    public async ValueTask<IReadOnlyList<SiteChangeBatch>?> ReadChangesAsync(long after, int count) => await site.ReadChangesAsync(after, count);

    public async ValueTask<long> GetLastChangeAsync() => await site.ReadLastChangeAsync();
}
