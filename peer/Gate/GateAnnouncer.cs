using System.Net;
using System.Net.Sockets;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Gate;

/// <summary>Announces for the client what it says, and in its place when the gate comes and goes.</summary>
/// <param name="options">Told what happens.</param>
/// <param name="tracker">The tracker.</param>
/// <param name="doors">Given in place of peers.</param>
/// <param name="port">Where the member is called.</param>
/// <param name="open">Finds a torrent or opens it; <c>null</c> when there are too many.</param>
/// <param name="changed">Told that there is something to remember, and whether at once.</param>
internal sealed class GateAnnouncer(GateOptions options, TrackerClient tracker, Doors doors, int port, Func<InfoHash, GateTorrent?> open, Action<bool> changed)
{
    /// <summary>Answers an announce of the client.</summary>
    /// <param name="query">Its parameters.</param>
    /// <param name="ends">The client's end of the connection, and ours.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<byte[]> AnnounceAsync(string query, (IPEndPoint Theirs, IPEndPoint Ours) ends, CancellationToken cancellationToken)
    {
        if (!GateAnnounce.TryParse(query, out var announce, out var error))
            return GateAnnounce.Failure(error);
        GateTorrent? torrent;
        try
        {
            torrent = open(announce.InfoHash);
        }
        catch (IOException e)
        {
            return GateAnnounce.Failure(e.Message);
        }

        if (torrent is null)
            return GateAnnounce.Failure("this gate has as many torrents as it may");
        (torrent.ClientPort, torrent.ClientUser) = (announce.ClientPort, SocketOwner.Of(ends.Theirs, ends.Ours));
        torrent.Query = announce.Event == "stopped" ? null : announce.Query;
        if (announce.Left == 0)
            torrent.OnVerified(torrent.Ledger.OnHaveAll());
        else if (announce.Event == "started" && torrent.Peers.Count == 0)
            torrent.Ledger.ForgetPieces();
        if (announce.Left == 0 || announce.Event == "stopped")
            torrent.Vouchers.SignAll();
        // That a client comes, goes or is done, rather than which peers it knows.
        changed(announce.Event.Length > 0);
        var (body, why) = await ForwardAsync(announce, cancellationToken).ConfigureAwait(false);
        IPEndPoint Door(IPEndPoint peer) => doors.Of(torrent.InfoHash, peer);
        if (body is not null && GateAnnounce.Answer(body, Door, out var peers) is { } answer)
        {
            if (peers is { Count: > 0 })
                torrent.LastPeers = peers;
            return answer;
        }

        why ??= "the tracker's answer is none to an announce";
        options.Log($"{torrent.InfoHash}: {why}; the client is told of the {torrent.LastPeers.Count} peers known last");
        return GateAnnounce.Away(why, torrent.LastPeers, Door);
    }

    /// <summary>Answers a scrape of the client.</summary>
    public async Task<byte[]> ScrapeAsync(string query, CancellationToken cancellationToken)
    {
        var hashes = GateAnnounce.InfoHashes(query);
        if (hashes.Count == 0)
            return GateAnnounce.Failure("info_hash: must be 20 bytes, percent-encoded");
        var (body, error, _) = await tracker.ScrapeAsync(hashes, cancellationToken).ConfigureAwait(false);
        return body ?? GateAnnounce.Failure(error!);
    }

    /// <summary>The gate ends: the client cannot be called any more.</summary>
    public Task StopAsync(IEnumerable<GateTorrent> torrents, CancellationToken cancellationToken) =>
        Task.WhenAll(torrents.Select(torrent => AnnounceForAsync(torrent, "stopped", cancellationToken)));

    /// <summary>The gate is back: a client that still listens is announced again, and one that does not is forgotten.</summary>
    public async Task ReturnAsync(int clientPort, IReadOnlyCollection<GateTorrent> torrents, CancellationToken cancellationToken)
    {
        try
        {
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await probe.ConnectAsync(new IPEndPoint(IPAddress.Loopback, clientPort), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            foreach (var torrent in torrents)
                torrent.Query = null;
            return;
        }

        foreach (var torrent in torrents)
            await AnnounceForAsync(torrent, "started", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Announces in the client's place what it said last, with another event.</summary>
    private async Task AnnounceForAsync(GateTorrent torrent, string announceEvent, CancellationToken cancellationToken)
    {
        if (torrent.Query is { } query && GateAnnounce.TryParse($"{query}&port={torrent.ClientPort}", out var announce, out _))
            await ForwardAsync(announce.With(announceEvent), cancellationToken).ConfigureAwait(false);
    }

    private async Task<(byte[]? Body, string? Error)> ForwardAsync(GateAnnounce announce, CancellationToken cancellationToken)
    {
        var (body, error, _) = await tracker.ForwardAsync(announce.ToTracker(port), announce.InfoHash, announce.Event, cancellationToken).ConfigureAwait(false);
        return (body, error);
    }
}
