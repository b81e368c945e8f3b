using System.Net;
using System.Numerics;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer.Gate;

/// <summary>One torrent of the client: its connections through the gate, what came from whom, and the vouchers for it.</summary>
internal sealed class GateTorrent : IVoucherContext<GateRelay>, IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<GateRelay> _relays = [];
    private readonly Dictionary<MemberKey, IPEndPoint> _addresses = [];
    private readonly GateOptions _options;
    private readonly CreditBook _credits;
    private readonly Action<string> _fail;
    private readonly Action<IPEndPoint, string> _refuse;
    private int _seen;

    /// <param name="infoHash">As it is announced.</param>
    /// <param name="options">Whose gate it is.</param>
    /// <param name="instance">The tracker.</param>
    /// <param name="tracker">Takes the vouchers.</param>
    /// <param name="background">Signs and checks.</param>
    /// <param name="budget">Blocks that may be remembered.</param>
    /// <param name="refuse">Told of peers that keep not to the rules.</param>
    /// <param name="fail">Told when the disk does not do its part.</param>
    /// <exception cref="IOException">The journals cannot be used.</exception>
    public GateTorrent(
        InfoHash infoHash, GateOptions options, InstanceId instance, TrackerClient tracker, BackgroundThread background, BlockBudget budget,
        Action<IPEndPoint, string> refuse, Action<string> fail)
    {
        (InfoHash, Instance, _options, _refuse, _fail) = (infoHash, instance, options, refuse, fail);
        Ledger = new BlockLedger(budget, Path.Combine(options.StateFolder, $"{infoHash}.{instance.ToString()[..8]}.blocks"), Fail);
        _credits = new CreditBook(new PeerOptions(), 0, Clock);
        Vouchers = new VoucherDesk<GateRelay>(this, instance, options.Identity, background, Blame);
        Reporter = new VoucherReporter(Vouchers.Earned, async (vouchers, cancelled) => await tracker.ReportVouchersAsync(vouchers, cancelled).ConfigureAwait(false), Trust, options.Log, Clock);
    }

    public InfoHash InfoHash { get; }

    public InstanceId Instance { get; }

    public VoucherDesk<GateRelay> Vouchers { get; }

    public VoucherReporter Reporter { get; }

    public BlockLedger Ledger { get; }

    /// <summary>What the client said last, but for its port; <c>null</c> before it did, and once it has stopped.</summary>
    public string? Query { get; set; }

    /// <summary>The port the client listens on.</summary>
    public int ClientPort { get; set; }

    /// <summary>The user of this machine whose client it is; <c>null</c> where that cannot be told.</summary>
    public int? ClientUser { get; set; }

    /// <summary>The peers the tracker named last.</summary>
    public IReadOnlyList<IPEndPoint> LastPeers { get; set; } = [];

    /// <summary>Whether anybody we are connected to has yet to sign for what it got, or to keep what we signed.</summary>
    public bool IsUnsettled => Peers.Any(relay => relay is { IsOpen: true, Key: { } key } && (Locked(() => relay.Credit.Unsigned) > 0 || Vouchers.Undelivered.Contains(key)));

    public string? StateFolder => _options.StateFolder;

    public TimeProvider Clock => TimeProvider.System;

    public string? Failure { get; private set; }

    public IReadOnlyList<GateRelay> Peers
    {
        get
        {
            lock (_gate)
                return [.. _relays];
        }
    }

    /// <summary>
    /// The least that a piece can have: the furthest that a block of the client's own reached, rounded up to a power of two. Its
    /// word is taken, since it has checked it against the torrent; that of a peer would widen the peer's own credit.
    /// </summary>
    public int PieceLength => _seen == 0 ? 0 : (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)_seen), 1 << 30);

    /// <summary>
    /// Where those may be whose vouchers are not acknowledged and who are not connected: where they were met last, or, for one
    /// that was not met since the start, all the peers that were never met.
    /// </summary>
    public IReadOnlyCollection<IPEndPoint> ToCall()
    {
        var owed = Vouchers.Undelivered;
        if (owed.Count == 0)
            return [];
        lock (_gate)
        {
            var away = owed.Where(key => !_relays.Any(relay => relay.IsOpen && relay.Key == key)).ToArray();
            var known = away.Select(_addresses.GetValueOrDefault).OfType<IPEndPoint>().ToArray();
            return known.Length == away.Length ? known : [.. known.Union(LastPeers.Except(_addresses.Values))];
        }
    }

    /// <summary>A member is met, and can be called where it says.</summary>
    public void OnMet(MemberKey key, IPEndPoint? address)
    {
        lock (_gate)
        {
            if (address is not null)
                _addresses[key] = address;
        }

        Vouchers.OnMet(key);
    }

    /// <summary>Adds a connection.</summary>
    public void Add(GateRelay relay)
    {
        lock (_gate)
            _relays.Add(relay);
    }

    public void Remove(GateRelay relay)
    {
        // Where a member is, is kept as long as it is owed something: no caller fills the memory with names.
        var isOwed = relay.Key is { } key && (Vouchers.Undelivered.Contains(key) || Ledger.HasUncounted(key));
        lock (_gate)
        {
            _relays.Remove(relay);
            if (!isOwed && relay.Key is { } gone && !_relays.Any(other => other.Key == gone))
                _addresses.Remove(gone);
        }
    }

    /// <summary>The client asks for a block, or sends one.</summary>
    public void OnClientsBlock(int begin, int length)
    {
        var reach = (long)begin + length;
        if (reach > _seen && begin >= 0 && reach <= Protocol.Torrents.TorrentMetadata.MaxPieceLength)
            _seen = (int)reach;
    }

    /// <summary>Signs for what the client has checked.</summary>
    public void OnVerified(IReadOnlyCollection<(MemberKey Sender, long Bytes)> blocks)
    {
        if (blocks.Count == 0)
            return;
        try
        {
            Vouchers.OnVerified(blocks);
        }
        catch (IOException e)
        {
            Fail($"cannot keep vouchers: {e.Message}");
        }
    }

    /// <summary>The account of a key, shared by all its connections.</summary>
    public PeerCredit CreditOf(MemberKey key) => Locked(() =>
    {
        var credit = _credits.Of(key);
        credit.SignsVouchers = true;
        return credit;
    });

    /// <summary>Whether a peer that signs may have a block, which is then counted.</summary>
    public bool TryServe(PeerCredit credit, int length) => Locked(() =>
    {
        var window = _options.CreditWindow > 0 ? _options.CreditWindow : VoucherPolicy.Credit(credit.Proven, PieceLength);
        if (credit.IsDistrusted || credit.Unsigned + length > Math.Max(window, length))
        {
            credit.ExhaustedSince ??= Clock.GetTimestamp();
            return false;
        }

        credit.Serve(new BlockRequest(0, 0, length), pieceSize: 0);
        return true;
    });

    /// <summary>Ends a choking round: blocks that were lost with a connection are forgiven little by little.</summary>
    public void EndRound()
    {
        var credits = Peers.Where(relay => relay.Key is not null).Select(relay => relay.Credit).Distinct().ToArray();
        Locked(() =>
        {
            foreach (var credit in credits)
                credit.EndRound();
            return true;
        });
        foreach (var relay in Peers)
            relay.Wake();
    }

    public T Locked<T>(Func<T> action)
    {
        lock (_gate)
            return action();
    }

    public void Fail(string reason)
    {
        Failure ??= reason;
        _fail(reason);
    }

    public void OnSigned(GateRelay peer)
    {
        foreach (var relay in Peers.Where(relay => relay.Credit == peer.Credit))
            relay.Wake();
    }

    public void Dispose()
    {
        Vouchers.Dispose();
        Ledger.Dispose();
    }

    private void Blame(GateRelay relay, string what)
    {
        _refuse(relay.Peer, what);
        // Who signs wrongly does it again; a message may come late or twice.
        if (what == VoucherDesk<GateRelay>.BadSignature)
            relay.Close(what);
        else
            relay.Blame(what);
    }

    private void Trust(MemberKey receiver, bool isTrusted)
    {
        Locked(() => _credits.Of(receiver).IsDistrusted = !isTrusted);
        foreach (var relay in Peers)
            relay.Wake();
    }
}
