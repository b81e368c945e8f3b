using Pbts.Protocol.Receipts;
using Pbts.Protocol.Torrents;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer.Tracker;

/// <summary>The trackers of one torrent, and where its receipts are reported.</summary>
internal sealed class TrackerSet : IDisposable
{
    private readonly IReadOnlyList<IAnnounceTracker> _all;
    private readonly IReadOnlyList<TrackerClient> _reporting;

    private TrackerSet(IReadOnlyList<IReadOnlyList<IAnnounceTracker>> tiers, bool oneAtATime)
    {
        _all = [.. tiers.SelectMany(tier => tier)];
        _reporting = [.. _all.OfType<TrackerClient>().Where(tracker => tracker.Member is not null)];
        Tiers = oneAtATime ? [new TrackerTier(tiers)] : [.. tiers.Select(tier => new TrackerTier([tier]))];
    }

    /// <summary>Announced to side by side.</summary>
    public IReadOnlyList<TrackerTier> Tiers { get; }

    /// <summary>Whether receipts can be reported.</summary>
    public bool HasMember => _reporting.Count > 0;

    /// <summary>A single tracker.</summary>
    public static TrackerSet Of(IAnnounceTracker tracker) => new([[tracker]], oneAtATime: true);

    /// <summary>The trackers of a torrent that can be asked: those of all tiers of a public one, of a private one the first that answers (BEP 27).</summary>
    /// <param name="torrent">The torrent.</param>
    /// <param name="instead">The one tracker to ask instead.</param>
    /// <param name="member">Who announces and reports.</param>
    /// <param name="passkey">The member's; told to the first HTTP tracker only, because anybody may write further ones into a torrent.</param>
    /// <param name="log">Told which trackers cannot be asked.</param>
    /// <returns><c>null</c> when there is none.</returns>
    public static TrackerSet? Create(
        TorrentMetadata torrent, string? instead, (string UserId, MemberIdentity Identity)? member, string? passkey, Action<string> log)
    {
        var tiers = new List<IReadOnlyList<IAnnounceTracker>>();
        foreach (var urls in instead is null ? torrent.Tiers : [[instead]])
        {
            var tier = new List<IAnnounceTracker>();
            foreach (var url in urls)
            {
                try
                {
                    if (url.StartsWith("udp:", StringComparison.OrdinalIgnoreCase))
                    {
                        tier.Add(new UdpTracker(url));
                        continue;
                    }
                    tier.Add(new TrackerClient(url, passkey) { Member = member });
                    passkey = null;
                }
                catch (UriFormatException)
                {
                    log($"tracker not asked, it is neither http, https nor udp: {url}");
                }
            }
            var shuffled = tier.ToArray();
            Random.Shared.Shuffle(shuffled);
            if (shuffled.Length > 0)
                tiers.Add(shuffled);
        }
        return tiers.Count == 0 ? null : new TrackerSet(tiers, oneAtATime: torrent.IsPrivate);
    }

    /// <summary>The id of the first tracker that tells it: the one our vouchers are for. <c>null</c> when none does, or nobody reports.</summary>
    public async Task<InstanceId?> FindInstanceAsync(CancellationToken cancellationToken)
    {
        foreach (var tracker in _reporting)
        {
            if (await tracker.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is { } instance)
                return instance;
        }
        return null;
    }

    /// <summary>Reports receipts to the first tracker that processes the report; else gives the first one's reason.</summary>
    public Task<ApiResult> ReportAsync(IReadOnlyCollection<Receipt> receipts, CancellationToken cancellationToken) =>
        FirstAsync(_reporting, tracker => tracker.ReportAsync(receipts, cancellationToken));

    /// <summary>Reports vouchers, all made for one tracker, to that one: any other would refuse them for good.</summary>
    public async Task<ApiResult> ReportVouchersAsync(IReadOnlyCollection<Voucher> vouchers, CancellationToken cancellationToken)
    {
        var meant = new List<TrackerClient>();
        foreach (var tracker in _reporting)
        {
            if (await tracker.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is { } instance && vouchers.All(voucher => voucher.Instance == instance))
                meant.Add(tracker);
        }

        return meant.Count > 0 ? await FirstAsync(meant, tracker => tracker.ReportVouchersAsync(vouchers, cancellationToken)).ConfigureAwait(false)
            : new ApiResult(0, null, "the tracker that the vouchers are for does not answer");
    }

    private static async Task<ApiResult> FirstAsync(IReadOnlyList<TrackerClient> trackers, Func<TrackerClient, Task<ApiResult>> report)
    {
        ApiResult? first = null;
        foreach (var tracker in trackers)
        {
            var answer = await report(tracker).ConfigureAwait(false);
            if (answer.IsSuccess)
                return answer;
            first ??= answer;
        }
        return first ?? throw new InvalidOperationException("Only a member reports.");
    }

    public void Dispose()
    {
        foreach (var tracker in _all)
            tracker.Dispose();
    }
}
