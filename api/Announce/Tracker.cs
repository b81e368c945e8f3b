using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>What an announce or scrape comes to: the same rules whichever listener it came through.</summary>
internal sealed class Tracker(SwarmClient swarms, IAnnounceAccess access, IOptions<TrackerOptions> options, CallerLimits limits, OutsideAddresses outside, AnnounceMetrics metrics, ClientRules clients, UnregisteredTorrents unregistered)
{
    /// <summary>Said of every condition that will pass.</summary>
    public const string Busy = "tracker is busy, try again soon";

    /// <summary>Said of torrents that are not registered where only those that are have swarms.</summary>
    private const string Unregistered = "unregistered torrent";

    private readonly TrackerOptions _options = options.Value;
    private readonly IReadOnlySet<int> _blockedPorts = options.Value.TryGetBlockedPorts(out var ports) ? ports : new HashSet<int>();

    /// <summary>Takes an announce into its swarm.</summary>
    /// <param name="seen">The caller's address as the tracker sees it, with the port it announces.</param>
    /// <param name="client">That address.</param>
    public async ValueTask<AnnounceOutcome> AnnounceAsync(string? passkey, AnnounceQuery query, PeerEndpoint seen, IPAddress client, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        if (!limits.AnnouncesByAddress.Allows(client))
            return Limited(query);
        if (query.Event != AnnounceEvent.Stopped && Unwanted(query) is { } unwanted)
        {
            metrics.Count(query.Event, AnnounceResult.Refused);
            return new(null, unwanted);
        }

        var verdict = await access.CheckAsync(passkey, query, client, cancellationToken);
        if (verdict.Busy || verdict.Refusal is not null)
        {
            metrics.Count(query.Event, verdict.Busy ? AnnounceResult.Busy : AnnounceResult.Refused);
            return new(null, verdict.Busy ? null : verdict.Refusal, verdict.Warning ?? Busy);
        }

        if (verdict.UserId is { } user && !limits.AnnouncesByUser.Allows(user))
            return Limited(query);
        var request = new AnnounceRequest
        {
            Endpoint = _options.TrustIpParameter && query.Address is { } claimed ? new PeerEndpoint(claimed, query.Port) : seen,
            PeerId = query.PeerId,
            Identity = query.Identity,
            Event = query.Event,
            Left = query.Left,
            Uploaded = query.Uploaded,
            Downloaded = query.Downloaded,
            NumWant = Math.Min(query.NumWant ?? _options.MaxPeers, _options.MaxPeers),
            WithPeerIds = !query.Compact && !query.NoPeerId,
            UserId = verdict.UserId,
            DownloadFactor = verdict.DownloadFactor,
            UploadFactor = verdict.UploadFactor,
        };
        var reply = await swarms.AnnounceAsync(query.InfoHash, request);
        if (reply is not { Refusal: AnnounceRefusal.None })
        {
            var refusal = reply?.Refusal switch { AnnounceRefusal.Unregistered => Unregistered, AnnounceRefusal.Rejected => reply.Reason, _ => null };
            if (reply?.Refusal == AnnounceRefusal.Unregistered && verdict.UserId is { } who)
                unregistered.Note(who, query.InfoHash);
            metrics.Count(query.Event, refusal is not null ? AnnounceResult.Refused : AnnounceResult.Busy);
            return new(null, refusal, reply?.Reason ?? Busy);
        }

        metrics.Served(query.Event, started);
        return new(outside.For(seen, verdict.UserId is { } member ? Budgeted(member, query, reply) : reply), null);
    }

    /// <summary>Who asks for peers all the time to write down who they are gets an empty list, and no word of it.</summary>
    private AnnounceReply Budgeted(string member, in AnnounceQuery query, AnnounceReply reply)
    {
        var entries = (reply.Peers.Length / 6) + (reply.Peers6.Length / 18);
        if (entries == 0 || (query.Left == 0 ? limits.PeersAsSeeder : limits.PeersAsLeecher).Allows(member, entries))
            return reply;
        limits.Refused(Limit.Peers);
        return new AnnounceReply { Complete = reply.Complete, Incomplete = reply.Incomplete };
    }

    /// <summary>Why this client, or its port, is not wanted here; null when it is.</summary>
    private string? Unwanted(in AnnounceQuery query) =>
        _blockedPorts.Count > 0 && _blockedPorts.Contains(query.Port) ? $"port {query.Port} is not allowed here: let your client listen on another"
        : clients.Refuse(query.PeerId);

    private AnnounceOutcome Limited(in AnnounceQuery query)
    {
        limits.Refused(Limit.Announces);
        metrics.Count(query.Event, AnnounceResult.Limited);
        return new(null, null);
    }

    /// <summary>Why this caller may not scrape so many info hashes, or null.</summary>
    public async ValueTask<string?> CheckScrapeAsync(string? passkey, IPAddress client, int infoHashes, CancellationToken cancellationToken)
    {
        if (!limits.ScrapesByAddress.Allows(client, Math.Max(1, infoHashes)))
        {
            limits.Refused(Limit.Scrapes);
            return Busy;
        }

        var verdict = await access.CheckScrapeAsync(passkey, client, cancellationToken);
        return verdict.Busy ? Busy : verdict.Refusal;
    }

    /// <summary>Counts of the torrents, in their order; null when they could not be told in time.</summary>
    public ValueTask<SwarmCounts[]?> CountAsync(InfoHash[] infoHashes) => swarms.ScrapeAsync(infoHashes);

    /// <summary>Every torrent with an active swarm, for a caller who pays for all of them.</summary>
    public async ValueTask<InfoHash[]> ListAsync(IPAddress client)
    {
        var all = (await swarms.ListAsync()).ToArray();
        limits.ScrapesByAddress.Charge(client, all.Length);
        return all;
    }

    /// <summary>Seconds until the next announce, spread at random so that clients do not come in step.</summary>
    public int NextInterval() => _options.Interval + Random.Shared.Next((_options.Interval / 10) + 1);
}
