using System.Buffers.Binary;
using System.Net;
using Microsoft.Extensions.Options;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Udp;

/// <summary>
/// Answers one datagram (BEP 15, BEP 41). Whoever has not shown by a connection id that it receives at its address gets
/// at most as many bytes as it sent, so nobody can be flooded through this tracker.
/// </summary>
internal sealed class UdpHandler(Tracker tracker, ConnectionIds ids, IOptions<TrackerOptions> options, AnnounceMetrics metrics)
{
    /// <summary>Longest request: a full scrape is 1,496 bytes, and no announce URL needs more.</summary>
    public const int MaxRequest = 2048;

    /// <summary>BEP 15: about as many as fit into one packet.</summary>
    public const int MaxScrape = 74;

    private const ulong ConnectMagic = 0x41727101980;
    private const int HeadLength = 16;

    /// <summary>Seconds after which to come back when the tracker cannot tell now.</summary>
    private const int BusyInterval = 60;

    private readonly int _maxScrape = Math.Min(MaxScrape, options.Value.MaxScrape);

    /// <summary>Writes the answer to <paramref name="reply"/> (<see cref="UdpReply.MaxLength"/> bytes). The packet is used only before the first await.</summary>
    /// <param name="caller">Where the packet came from.</param>
    /// <returns>Length of the answer; 0 when there is none.</returns>
    public ValueTask<int> HandleAsync(ReadOnlySpan<byte> packet, PeerEndpoint caller, byte[] reply, CancellationToken cancellationToken)
    {
        if (packet.Length < HeadLength)
            return ValueTask.FromResult(0);
        var id = BinaryPrimitives.ReadUInt64BigEndian(packet);
        var action = BinaryPrimitives.ReadUInt32BigEndian(packet[8..]);
        var transaction = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
        if (action == UdpAction.Connect)
            return ValueTask.FromResult(id == ConnectMagic ? UdpReply.Connect(reply, transaction, ids.Issue(caller)) : 0);
        if (action is not (UdpAction.Announce or UdpAction.Scrape))
            return ValueTask.FromResult(0);
        if (!ids.IsValid(id, caller))
        {
            var length = UdpReply.Error(reply, transaction, "Connection ID mismatch");
            return ValueTask.FromResult(length <= packet.Length ? length : 0);
        }

        if (packet.Length > MaxRequest)
            return Error($"request is too long: at most {MaxRequest} bytes");
        if (action == UdpAction.Scrape)
            return packet.Length < HeadLength + InfoHash.Length ? Error("info_hash is missing: each has 20 bytes")
                : ScrapeAsync(ReadHashes(packet[HeadLength..]), caller.ToAddress(), transaction, reply, cancellationToken);

        if (UdpAnnounce.Parse(packet, caller.IsIPv6, out var query, out var passkey) is { } error)
        {
            metrics.Count(AnnounceEvent.None, AnnounceResult.Malformed);
            return Error(error);
        }

        query.NumWant = Math.Min(query.NumWant ?? int.MaxValue, UdpReply.MaxPeers(caller.IsIPv6));
        return AnnounceAsync(passkey, query, caller with { Port = query.Port }, transaction, reply, cancellationToken);

        ValueTask<int> Error(string message) => ValueTask.FromResult(UdpReply.Error(reply, transaction, message));
    }

    private async ValueTask<int> AnnounceAsync(string? passkey, AnnounceQuery query, PeerEndpoint endpoint, uint transaction, byte[] reply, CancellationToken cancellationToken)
    {
        var outcome = await tracker.AnnounceAsync(passkey, query, endpoint, endpoint.ToAddress(), cancellationToken);
        if (outcome.Refusal is { } refusal)
            return UdpReply.Error(reply, transaction, refusal);

        // Clients back off hard from an error, so what will pass is an answer without peers.
        return outcome.Reply is { } swarm
            ? UdpReply.Announce(reply, transaction, tracker.NextInterval(), swarm.Incomplete, swarm.Complete, endpoint.IsIPv6 ? swarm.Peers6 : swarm.Peers)
            : UdpReply.Announce(reply, transaction, BusyInterval, 0, 0, []);
    }

    private async ValueTask<int> ScrapeAsync(InfoHash[] infoHashes, IPAddress client, uint transaction, byte[] reply, CancellationToken cancellationToken)
    {
        if (await tracker.CheckScrapeAsync(passkey: null, client, infoHashes.Length, cancellationToken) is { } refusal)
            return UdpReply.Error(reply, transaction, refusal);
        return await tracker.CountAsync(infoHashes) is { } counts
            ? UdpReply.Scrape(reply, transaction, counts) : UdpReply.Error(reply, transaction, Tracker.Busy);
    }

    private InfoHash[] ReadHashes(ReadOnlySpan<byte> bytes)
    {
        var hashes = new InfoHash[Math.Min(bytes.Length / InfoHash.Length, _maxScrape)];
        for (var i = 0; i < hashes.Length; i++)
            hashes[i] = InfoHash.From(bytes.Slice(i * InfoHash.Length, InfoHash.Length));
        return hashes;
    }
}
