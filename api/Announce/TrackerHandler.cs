using System.Buffers;
using System.Net;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// Answers announces and scrapes that came over HTTP. Everything the client gets is bencoded with status 200, because that
/// is what clients read.
/// </summary>
internal sealed class TrackerHandler(Tracker tracker, IOptions<TrackerOptions> options, TrackerIdentity identity, AnnounceMetrics metrics)
{
    private readonly TrackerOptions _options = options.Value;

    /// <summary>Writes the answer to <paramref name="output"/>. The route's bytes are used only before the first await.</summary>
    public ValueTask HandleAsync(TrackerRoute route, IPAddress client, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        if (route.Action == TrackerAction.Scrape)
        {
            var hashes = ReadScrape(route.Query, out var bad);
            return ScrapeAsync(route.Passkey, client, hashes, bad, output, cancellationToken);
        }

        if (AnnounceQuery.Parse(route.Query, out var query) is { } error)
        {
            metrics.Count(AnnounceEvent.None, AnnounceResult.Malformed);
            BencodeReply.Failure(output, error);
            return ValueTask.CompletedTask;
        }

        return AnnounceAsync(route.Passkey, query, new PeerEndpoint(client, query.Port), client, output, cancellationToken);
    }

    /// <summary>The answer to a request that would have to wait too long.</summary>
    public ValueTask Shed(TrackerRoute route, IBufferWriter<byte> output)
    {
        if (route.Action == TrackerAction.Scrape)
        {
            BencodeReply.Failure(output, Tracker.Busy);
        }
        else
        {
            metrics.Count(AnnounceEvent.None, AnnounceResult.Shed);
            BencodeReply.Busy(output, Tracker.Busy);
        }

        return ValueTask.CompletedTask;
    }

    private async ValueTask AnnounceAsync(string? passkey, AnnounceQuery query, PeerEndpoint endpoint, IPAddress client, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        var outcome = await tracker.AnnounceAsync(passkey, query, endpoint, client, cancellationToken);
        if (outcome.Reply is { } reply)
            BencodeReply.Announce(output, query, reply, endpoint, tracker.NextInterval(), _options.MinInterval, identity.Bytes);
        else if (outcome.Refusal is { } refusal)
            BencodeReply.Failure(output, refusal);
        else
            BencodeReply.Busy(output, outcome.Warning);
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

    private async ValueTask ScrapeAsync(string? passkey, IPAddress client, List<InfoHash> hashes, bool bad, IBufferWriter<byte> output, CancellationToken cancellationToken)
    {
        if (await tracker.CheckScrapeAsync(passkey, client, hashes.Count, cancellationToken) is { } refusal)
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

        var distinct = hashes.Count == 0 ? await tracker.ListAsync(client) : hashes.Distinct().ToArray();
        if (await tracker.CountAsync(distinct) is not { } counts)
        {
            BencodeReply.Failure(output, Tracker.Busy);
            return;
        }

        output.Write("d5:filesd"u8);
        foreach (var (infoHash, count) in distinct.Zip(counts).OrderBy(file => file.First.ToString(), StringComparer.Ordinal))
        {
            if (count.IsKnown)
                BencodeReply.ScrapeFile(output, infoHash.Span, count);
        }

        BencodeReply.ScrapeEnd(output, _options.MinInterval);
    }
}
