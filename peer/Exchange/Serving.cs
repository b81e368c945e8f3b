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
                return peers.Exists(p => p.CanSign && p.IsOpen && p.State.EndingSince is not null) || credits.IsAnybodyOwing;
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
                peer.State.ReceivedThisRound = 0;
                peer.State.Credit.EndRound();
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
                if (credits.IsOutOfPatience(peer.State.Credit))
                {
                    peer.State.Credit.IsDelinquent = true;
                    Choke(peer);
                }
                if (peer.State.EndingSince is { } since && clock.GetElapsedTime(since) > options.FinishTimeout)
                    Choke(peer);
            }
        }
    }

    /// <summary>A delinquent peer signed, or somebody wants more: it may be served at once when there is room.</summary>
    public void TryUnchoke(PeerConnection peer)
    {
        lock (gate)
            if (_isServing && peer.State.AmChoking && peer.State.IsInterested && Choker.MayBeServed(peer, options.StrangerAllowance)
                && peers.Count(p => !p.State.AmChoking) < options.MaxUnchoked)
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
            foreach (var peer in peers.Where(p => p.State.Credit == account))
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
        peer.State.IsInterested = false;
        Choke(peer);
    }

    public static void OnRequest(PeerConnection peer, BlockRequest request)
    {
        // A request that crossed our choke is nobody's fault.
        if (!peer.State.AmChoking && (peer.State.EndingSince is null || peer.State.Credit.HasBegun(request.Piece)))
            peer.Enqueue(request);
    }

    public bool MayTake(PeerConnection peer, BlockRequest request)
    {
        lock (gate)
            return !peer.State.AmChoking && credits.MayTake(peer, request);
    }

    public Task PaceAsync(BlockRequest request, CancellationToken cancellationToken) =>
        _limit?.WaitAsync(request.Length, cancellationToken) ?? Task.CompletedTask;

    public void OnSending(PeerConnection peer, BlockRequest request, int pieceSize)
    {
        lock (gate)
        {
            Uploaded += request.Length;
            peer.Health.WasUseful();
            if (peer.State.Credit.Serve(request, pieceSize) && peer.State.EndingSince is not null && !peer.State.Credit.IsMidPiece)
                Choke(peer);
        }
    }

    private static void Unchoke(PeerConnection peer)
    {
        // The peer still waits for what was dropped when its end began: a choke makes it forget.
        if (peer.State.EndingSince is not null)
            Choke(peer);
        if (!peer.State.AmChoking)
            return;
        peer.State.AmChoking = false;
        peer.Send(PeerMessages.Simple(PeerMessages.Unchoke));
    }

    /// <summary>Chokes, but lets a peer that signs have the rest of its pieces first: nobody pays for a part of one.</summary>
    private void ChokeAfterPiece(PeerConnection peer)
    {
        if (peer.State.AmChoking || peer.State.EndingSince is not null)
            return;
        if (!peer.CanSign || !peer.State.Credit.IsMidPiece)
        {
            Choke(peer);
            return;
        }
        peer.State.EndingSince = clock.GetTimestamp();
        peer.DropRequests(r => !peer.State.Credit.HasBegun(r.Piece));
    }

    private static void Choke(PeerConnection peer)
    {
        peer.State.EndingSince = null;
        if (peer.State.AmChoking)
            return;
        peer.State.AmChoking = true;
        peer.DropRequests();
        peer.Send(PeerMessages.Simple(PeerMessages.Choke));
    }
}
