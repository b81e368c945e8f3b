using System.Globalization;
using System.Text.Json.Serialization;
using Pbts.GrainInterfaces.Site;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Unit3d;

/// <summary>Answer to whatever was done. UNIT3D looks at the status alone.</summary>
internal sealed record Unit3dDoneAnswer(bool Success);

/// <summary>Answer to <c>GET torrents/{id}</c>.</summary>
/// <param name="Status"><c>Pending</c>, <c>Approved</c>, <c>Rejected</c>, <c>Postponed</c>, or <c>Unknown</c> of one that is deleted.</param>
/// <param name="Peers">At most 1,000, by member and peer id.</param>
/// <param name="DownloadFactor">Per cent.</param>
/// <param name="UploadFactor">Per cent.</param>
internal sealed record Unit3dTorrentAnswer(
    long Id, string Status, bool IsDeleted, IReadOnlyDictionary<string, Unit3dPeerAnswer> Peers, int Seeders, int Leechers, long TimesCompleted, int DownloadFactor, int UploadFactor)
{
    public static Unit3dTorrentAnswer Of(SiteTorrentState state, long id, SwarmCounts counts, IReadOnlyList<SwarmPeer> peers)
    {
        var torrent = state.Torrent;
        var answers = new Dictionary<string, Unit3dPeerAnswer>(StringComparer.Ordinal);
        foreach (var peer in peers)
            answers[Unit3dPeerAnswer.NameOf(peer)] = Unit3dPeerAnswer.Of(peer, id);
        return new(
            id, torrent.Status == TorrentStatus.Deleted ? "Unknown" : torrent.Status.ToString(), torrent.Status == TorrentStatus.Deleted, answers, counts.Complete, counts.Incomplete,
            torrent.TimesCompleted + state.Completed, torrent.DownloadFactor, torrent.UploadFactor);
    }
}

/// <summary>A peer.</summary>
/// <param name="UserId">0: nobody of the site's.</param>
/// <param name="UpdatedAt">Unix seconds.</param>
/// <param name="Uploaded">Bytes, by its client's counter.</param>
/// <param name="Downloaded">The same.</param>
internal sealed record Unit3dPeerAnswer(
    string IpAddress, ulong UserId, long TorrentId, int Port, bool IsSeeder, bool IsActive, bool IsVisible, long UpdatedAt, long Uploaded, long Downloaded)
{
    public static Unit3dPeerAnswer Of(SwarmPeer peer, long torrent) => new(
        peer.Endpoint.ToAddress().ToString(), UserOf(peer), torrent, peer.Endpoint.Port, peer.IsSeeder, IsActive: true, IsVisible: true, peer.LastSeen, peer.Uploaded, peer.Downloaded);

    /// <summary>Of all that are listed no two have the same endpoint.</summary>
    public static string NameOf(SwarmPeer peer)
    {
        Span<byte> id = stackalloc byte[PeerId.Length];
        peer.PeerId.Write(id);
        return string.Create(CultureInfo.InvariantCulture, $"{UserOf(peer)}-{Convert.ToHexStringLower(id)}-{peer.Endpoint.ToAddress()}-{peer.Endpoint.Port}");
    }

    private static ulong UserOf(SwarmPeer peer) => ulong.TryParse(peer.UserId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;
}

/// <summary>Answer to <c>GET users/{id}</c>.</summary>
/// <param name="GroupId">0: none.</param>
internal sealed record Unit3dUserAnswer(
    ulong Id, long GroupId, string Passkey, bool CanDownload, bool IsDonor, bool IsLifetime, int NumSeeding, int NumLeeching, Unit3dRatesAnswer ReceiveSeedListRates, Unit3dRatesAnswer ReceiveLeechListRates)
{
    /// <summary>How many lists of peers a member was given is not counted by windows of time here: there are no rates to show.</summary>
    private static readonly Unit3dRatesAnswer None = new([]);

    public static Unit3dUserAnswer Of(ulong id, SiteMember member) => new(
        id, member.GroupId ?? 0, member.Passkey, member.CanDownload, member.IsDonor, member.IsLifetime, member.Seeding, member.Leeching, None, None);
}

/// <summary>How many lists of peers a member was given.</summary>
internal sealed record Unit3dRatesAnswer(IReadOnlyList<Unit3dRateAnswer> Rates);

/// <summary>The same in one window of time.</summary>
internal sealed record Unit3dRateAnswer(
    [property: JsonConverter(typeof(WithFraction))] double Count, [property: JsonConverter(typeof(WithFraction))] double MaxCount,
    [property: JsonConverter(typeof(WithFraction))] double Window, [property: JsonConverter(typeof(WithFraction))] double UpdatedAt);
