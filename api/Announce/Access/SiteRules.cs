using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce.Access;

/// <summary>The groups and the factors for everything, as of a second ago at most: with what is known of a member they say what its announces count.</summary>
internal sealed class SiteRules(TimeProvider time)
{
    private volatile Rules _rules = new([], SiteFactors.None);

    /// <summary>Takes other groups and factors.</summary>
    public void Replace(IReadOnlyList<SiteGroup> groups, SiteFactors factors) => _rules = new(groups.ToDictionary(group => group.Id), factors);

    /// <summary>Per cent that are credited to a member of what it transfers of a torrent, as far as that depends on the member.</summary>
    public (int Download, int Upload) FactorsFor(DirectoryEntry member, InfoHash infoHash)
    {
        var rules = _rules;
        if (member.Site is null && rules.Factors == SiteFactors.None)
            return (100, 100);
        var now = time.GetUtcNow();
        var (download, upload) = rules.Factors.Until <= now ? (100, 100) : (rules.Factors.Download, rules.Factors.Upload);
        // The lowest and the highest that applies, and 100 always does.
        (download, upload) = (Math.Min(download, 100), Math.Max(upload, 100));
        if (member.Site is not { } site)
            return (download, upload);
        if (GroupOf(rules, site) is { } group)
            (download, upload) = (Math.Min(download, group.DownloadFactor), Math.Max(upload, group.UploadFactor));
        return (site.FreeleechUntil > now || Holds(site, infoHash, now) ? 0 : download, upload);
    }

    /// <summary>Why a member may not leech one torrent more; null: it may.</summary>
    public string? RefuseSlot(DirectoryEntry member, InfoHash infoHash)
    {
        if (member.Site is not { } site || GroupOf(_rules, site)?.DownloadSlots is not { } slots)
            return null;
        var before = 0;
        foreach (var leeched in site.Leeching)
        {
            if (leeched == infoHash)
                break;
            before++;
        }

        return before < slots ? null : $"your group may download {slots} torrents at once: this one has to wait";
    }

    private static SiteGroup? GroupOf(Rules rules, SiteStanding site) => site.GroupId is { } id ? rules.Groups.GetValueOrDefault(id) : null;

    private static bool Holds(SiteStanding site, InfoHash infoHash, DateTimeOffset now)
    {
        foreach (var token in site.Tokens)
        {
            if (token.InfoHash == infoHash)
                return !(token.Until <= now);
        }

        return false;
    }

    private sealed record Rules(Dictionary<long, SiteGroup> Groups, SiteFactors Factors);
}
