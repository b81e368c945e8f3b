using System.Buffers;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// Answers announces and scrapes, whichever listener they came through. Everything the client gets is bencoded and, over
/// HTTP, status 200, because that is what clients read.
/// </summary>
internal sealed class TrackerHandler(SwarmClient swarms, IAnnounceAccess access, IOptions<TrackerOptions> options, TrackerIdentity identity, AnnounceMetrics metrics)
{
    private readonly TrackerOptions _options = options.Value;

    /// <summary>Writes the answer to <paramref name="output"/>. The route's bytes are used only before the first await.</summary>
    public ValueTask HandleAsync(TrackerRoute route, IPAddress client, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        if (route.Action == TrackerAction.Scrape)
        {
            var hashes = ReadScrape(route.Query, out var bad);
            return ScrapeAsync(route.Passkey, hashes, bad, output, cancellationToken);
        }

        if (AnnounceQuery.Parse(route.Query, out var query) is { } error)
        {
            metrics.Count(AnnounceEvent.None, AnnounceOutcome.Malformed);
            BencodeReply.Failure(output, error);
            return ValueTask.CompletedTask;
        }

        if (_options.TrustIpParameter && query.Address is { } claimed)
            client = claimed;
        return AnnounceAsync(route.Passkey, query, new PeerEndpoint(client, query.Port), output, cancellationToken);
    }

    private async ValueTask AnnounceAsync(string? passkey, AnnounceQuery query, PeerEndpoint endpoint, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var verdict = await access.CheckAsync(passkey, query, cancellationToken);
        if (verdict.Busy)
        {
            metrics.Count(query.Event, AnnounceOutcome.Busy);
            BencodeReply.Busy(output, "tracker is busy, try again soon");
            return;
        }

        if (verdict.Refusal is { } refusal)
        {
            metrics.Count(query.Event, AnnounceOutcome.Refused);
            BencodeReply.Failure(output, refusal);
            return;
        }

        var request = new AnnounceRequest
        {
            Endpoint = endpoint,
            PeerId = query.PeerId,
            Identity = query.Identity,
            Event = query.Event,
            Left = query.Left,
            Uploaded = query.Uploaded,
            Downloaded = query.Downloaded,
            NumWant = Math.Min(query.NumWant ?? _options.MaxPeers, _options.MaxPeers),
            WithPeerIds = !query.Compact && !query.NoPeerId,
            UserId = verdict.UserId,
        };
        if (await swarms.AnnounceAsync(query.InfoHash, request) is not { } reply)
        {
            metrics.Count(query.Event, AnnounceOutcome.Busy);
            BencodeReply.Busy(output, "tracker is busy, try again soon");
            return;
        }

        BencodeReply.Announce(output, query, reply, endpoint, _options.Interval + Random.Shared.Next((_options.Interval / 10) + 1), _options.MinInterval, identity.Bytes);
        metrics.Served(query.Event, started);
    }

    private List<InfoHash> ReadScrape(ReadOnlySpan<byte> query, out bool bad)
    {
        bad = false;
        var hashes = new List<InfoHash>();
        Span<byte> buffer = stackalloc byte[InfoHash.Length + 1];
        var reader = new QueryReader(query);
        while (reader.TryRead(out var name, out var value) && hashes.Count < _options.MaxScrape)
        {
            if (!name.SequenceEqual("info_hash"u8))
                continue;
            if (PercentEncoding.TryDecode(value, buffer, out var length) && InfoHash.TryFrom(buffer[..length], out var infoHash))
                hashes.Add(infoHash);
            else
                bad = true;
        }

        return hashes;
    }

    private async ValueTask ScrapeAsync(string? passkey, List<InfoHash> hashes, bool bad, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        var verdict = await access.CheckScrapeAsync(passkey, cancellationToken);
        if ((verdict.Busy ? "tracker is busy, try again soon" : verdict.Refusal) is { } refusal)
        {
            BencodeReply.Failure(output, refusal);
            return;
        }

        if (bad)
        {
            BencodeReply.Failure(output, "info_hash is invalid: each must be 20 bytes, percent-encoded");
            return;
        }

        if (hashes.Count == 0 && !_options.FullScrape)
        {
            BencodeReply.Failure(output, "info_hash is missing: this tracker answers no full scrape");
            return;
        }

        var distinct = hashes.Count == 0 ? await swarms.ListAsync() : hashes.Distinct().ToList();
        var counts = await Task.WhenAll(distinct.Select(infoHash => swarms.ScrapeAsync(infoHash).AsTask()));
        if (Array.Exists(counts, count => count is null))
        {
            BencodeReply.Failure(output, "tracker is busy, try again soon");
            return;
        }

        output.Write("d5:filesd"u8);
        foreach (var (infoHash, count) in distinct.Zip(counts).OrderBy(file => file.First.ToString(), StringComparer.Ordinal))
        {
            if (count is { IsKnown: true } known)
                BencodeReply.ScrapeFile(output, infoHash.Span, known);
        }

        BencodeReply.ScrapeEnd(output, _options.MinInterval);
    }
}
