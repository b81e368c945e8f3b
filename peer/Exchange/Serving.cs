using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Exchange;

/// <summary>Whom we serve: choking, credit, and how a piece once begun is finished. Guarded by the session's lock.</summary>
/// <param name="gate">The session's lock.</param>
/// <param name="peers">The session's connections.</param>
/// <param name="credits">What peers owe.</param>
/// <param name="options">Limits.</param>
/// <param name="clock">The clock.</param>
/// <param name="random">Chooses newcomers.</param>
internal sealed class Serving(Lock gate, List<PeerConnection> peers, CreditBook credits, PeerOptions options, TimeProvider clock, Random random)
{
    private readonly RateLimit? _limit = options.UploadLimit is { } rate ? new RateLimit(rate, clock) : null;
    private bool _isServing = true;

    /// <summary>Piece bytes sent.</summary>
    public long Uploaded { get; private set; }

    /// <summary>Whether a connected peer is still to get the rest of a piece, or any peer to sign for whole ones.</summary>
    public bool IsBusy
    {
        get
        {
            lock (gate)
                return peers.Exists(p => p.CanSign && p.IsOpen && p.EndingSince is not null) || credits.IsAnybodyOwing;
        }
    }

    /// <summary>Every ten seconds: chooses whom to serve.</summary>
    public void Rechoke()
    {
        lock (gate)
        {
            if (!_isServing)
                return;
            var chosen = Choker.Choose(peers, options.MaxUnchoked, options.StrangerAllowance, random);
            foreach (var peer in peers)
            {
                if (chosen.Contains(peer))
                    Unchoke(peer);
                else
                    ChokeAfterPiece(peer);
                peer.ReceivedThisRound = 0;
                peer.Credit.EndRound();
            }
        }
    }

    /// <summary>Begins no piece any more: what peers owe grows by what is begun and no further.</summary>
    public void Stop()
    {
        lock (gate)
        {
            _isServing = false;
            foreach (var peer in peers)
                ChokeAfterPiece(peer);
        }
    }

    /// <summary>Every second: chokes those that do not sign, and those that do not fetch what they have begun.</summary>
    public void Watch()
    {
        lock (gate)
        {
            foreach (var peer in peers)
            {
                if (credits.IsOutOfPatience(peer.Credit))
                {
                    peer.Credit.IsDelinquent = true;
                    Choke(peer);
                }
                if (peer.EndingSince is { } since && clock.GetElapsedTime(since) > options.FinishTimeout)
                    Choke(peer);
            }
        }
    }

    /// <summary>A delinquent peer signed, or somebody wants more: it may be served at once when there is room.</summary>
    public void TryUnchoke(PeerConnection peer)
    {
        lock (gate)
            if (_isServing && peer.AmChoking && peer.IsInterested && Choker.MayBeServed(peer, options.StrangerAllowance)
                && peers.Count(p => !p.AmChoking) < options.MaxUnchoked)
                Unchoke(peer);
        peer.Wake();
    }

    /// <summary>Whether the tracker takes a member's receipts: while it does not, the member gets nothing more.</summary>
    public void Trust(MemberKey receiver, bool isTrusted)
    {
        lock (gate)
        {
            var account = credits.Of(receiver);
            account.IsDistrusted = !isTrusted;
            foreach (var peer in peers.Where(p => p.Credit == account))
            {
                if (isTrusted)
                    TryUnchoke(peer);
                else
                    Choke(peer);
            }
        }
    }

    /// <summary>The peer wants nothing any more.</summary>
    public static void OnNotInterested(PeerConnection peer)
    {
        peer.IsInterested = false;
        Choke(peer);
    }

    public static void OnRequest(PeerConnection peer, BlockRequest request)
    {
        // A request that crossed our choke is nobody's fault.
        if (!peer.AmChoking && (peer.EndingSince is null || peer.Credit.HasBegun(request.Piece)))
            peer.Enqueue(request);
    }

    public bool MayTake(PeerConnection peer, BlockRequest request)
    {
        lock (gate)
            return !peer.AmChoking && credits.MayTake(peer, request);
    }

    public Task PaceAsync(BlockRequest request, CancellationToken cancellationToken) =>
        _limit?.WaitAsync(request.Length, cancellationToken) ?? Task.CompletedTask;

    public void OnSending(PeerConnection peer, BlockRequest request, int pieceSize)
    {
        lock (gate)
        {
            Uploaded += request.Length;
            peer.Health.WasUseful();
            if (peer.Credit.Serve(request, pieceSize) && peer.EndingSince is not null && !peer.Credit.IsMidPiece)
                Choke(peer);
        }
    }

    private static void Unchoke(PeerConnection peer)
    {
        // The peer still waits for what was dropped when its end began: a choke makes it forget.
        if (peer.EndingSince is not null)
            Choke(peer);
        if (!peer.AmChoking)
            return;
        peer.AmChoking = false;
        peer.Send(PeerMessages.Simple(PeerMessages.Unchoke));
    }

    /// <summary>Chokes, but lets a peer that signs have the rest of its pieces first: nobody pays for a part of one.</summary>
    private void ChokeAfterPiece(PeerConnection peer)
    {
        if (peer.AmChoking || peer.EndingSince is not null)
            return;
        if (!peer.CanSign || !peer.Credit.IsMidPiece)
        {
            Choke(peer);
            return;
        }
        peer.EndingSince = clock.GetTimestamp();
        peer.DropRequests(r => !peer.Credit.HasBegun(r.Piece));
    }

    private static void Choke(PeerConnection peer)
    {
        peer.EndingSince = null;
        if (peer.AmChoking)
            return;
        peer.AmChoking = true;
        peer.DropRequests();
        peer.Send(PeerMessages.Simple(PeerMessages.Choke));
    }
}
