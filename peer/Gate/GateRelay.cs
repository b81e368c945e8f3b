using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Gate;

/// <summary>
/// One connection between the client and a peer, through the gate. Messages pass as they are, but for those of PBTS, which are
/// the gate's own, and blocks beyond a peer's credit, which wait. Works after the handshakes.
/// </summary>
internal sealed class GateRelay : IVoucherPeer, IDisposable
{
    /// <summary>Messages of our own that may wait for a peer that does not read.</summary>
    private const int MaxOwn = 64;

    /// <summary>Vouchers and the like that do not hold, before the connection ends.</summary>
    private const int MaxFaults = 3;

    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Stalled = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(200);

    private readonly bool _isCalled;
    private readonly Socket _client;
    private readonly Socket _world;
    private readonly GateOptions _options;
    private readonly WirePump _fromClient;
    private readonly WirePump _fromWorld;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _signed = new(0, 1);

    /// <summary>Held while a message is on its way to the peer, so that ours do not come in between.</summary>
    private readonly SemaphoreSlim _worldTurn = new(1, 1);
    private readonly Channel<byte[]> _own = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxOwn) { SingleReader = true });
    private bool _isMidMessage;
    private volatile bool _clientGone;
    private volatile string? _closeReason;
    private int _faults;
    private long _asked;

    /// <param name="torrent">The torrent.</param>
    /// <param name="client">The connection with the client; owned.</param>
    /// <param name="world">That with the peer; owned.</param>
    /// <param name="peer">Where the peer is, or calls from.</param>
    /// <param name="isCalled">Whether the peer was called, rather than calling.</param>
    /// <param name="isExtended">Whether the client and the peer speak the extension protocol.</param>
    /// <param name="port">Where the member is called.</param>
    /// <param name="options">Limits.</param>
    public GateRelay(GateTorrent torrent, Socket client, Socket world, IPEndPoint peer, bool isCalled, (bool Client, bool Peer) isExtended, int port, GateOptions options)
    {
        (Torrent, Peer, _isCalled, _client, _world, _options) = (torrent, peer, isCalled, client, world, options);
        IsExtended = isExtended.Client && isExtended.Peer;
        var filter = new ClientFilter(this, port);
        _fromClient = new WirePump(client, filter, WriteToWorldAsync);
        _fromWorld = new WirePump(world, new PeerFilter(this, filter), WriteToClientAsync);
        if (IsExtended)
            Pbts.Offer(torrent.Instance);
    }

    public GateTorrent Torrent { get; }

    /// <summary>Where the peer is, or calls from.</summary>
    public IPEndPoint Peer { get; }

    /// <summary>Whether both speak the extension protocol, without which there are no vouchers.</summary>
    public bool IsExtended { get; }

    public PbtsExtension Pbts { get; } = new() { LocalIds = default, LocalAckId = 0, LocalVoucherIds = GateHandshake.Ids };

    public MemberKey? Key { get; private set; }

    public PeerCredit Credit { get; private set; } = new();

    public bool IsOpen => _closeReason is null;

    public int PieceCount => 0;

    public long? CompleteSince => null;

    /// <summary>Works until either side ends the connection; never throws.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(() => Close("the gate ends"));
        var toWorld = GuardAsync(_fromClient.RunAsync(_stop.Token));
        var toClient = GuardAsync(_fromWorld.RunAsync(_stop.Token));
        var own = GuardAsync(WriteOwnAsync());
        var patience = GuardAsync(EndUndecidedAsync());
        if (await Task.WhenAny(toWorld, toClient).ConfigureAwait(false) == toWorld && IsOpen)
        {
            _clientGone = true;
            _client.Dispose();
            await GuardAsync(SettleAsync(toClient)).ConfigureAwait(false);
        }

        Close("ended");
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(toWorld, toClient, own, patience).ConfigureAwait(false);
    }

    public void Send(byte[] frame)
    {
        if (!_own.Writer.TryWrite(frame) && IsOpen)
            Close("does not read");
    }

    /// <summary>What waited for a voucher may be worth another look.</summary>
    public void Wake()
    {
        try
        {
            _signed.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake.
        }
    }

    /// <summary>Ends the connection.</summary>
    public void Close(string reason)
    {
        if (Interlocked.CompareExchange(ref _closeReason, reason, null) is not null)
            return;
        // What has been written arrives all the same.
        _client.Dispose();
        _world.Dispose();
        _own.Writer.TryComplete();
    }

    /// <summary>The peer has said something that is not true.</summary>
    public void Blame(string what)
    {
        if (Interlocked.Increment(ref _faults) >= MaxFaults)
            Close(what);
    }

    /// <summary>Every second: ends what has come to a stop.</summary>
    public void Watch()
    {
        foreach (var pump in new[] { _fromClient, _fromWorld })
        {
            if (pump.WriteSince is not 0 and var since && Torrent.Clock.GetElapsedTime(since) > Stalled)
                Close("does not read");
        }

        if (Torrent.Clock.GetElapsedTime(Math.Max(_fromWorld.LastRead, _fromClient.LastRead)) > Idle)
            Close("idle");
        if (Key is not null && Torrent.Locked(() => Credit.ExhaustedSince) is { } exhausted && Torrent.Clock.GetElapsedTime(exhausted) > _options.VoucherPatience)
            Close("does not sign for what it has got");
    }

    public void Dispose()
    {
        Close("ended");
        _stop.Dispose();
        _signed.Dispose();
        _worldTurn.Dispose();
    }

    /// <summary>Both have said their extended handshakes: do they exchange vouchers?</summary>
    private void OnMet(ReadOnlyMemory<byte> payload)
    {
        Pbts.ParseHandshake(payload.ToArray());
        if (Key is not null || Pbts.Vouchers is null || Pbts.Remote!.PublicKey is not { } key || key == _options.Identity.PublicKey)
            return;
        Credit = Torrent.CreditOf(key);
        Key = key;
        _options.Log($"{Torrent.InfoHash}: {Peer} exchanges vouchers");
        // A peer that called has another port for those who call it.
        Torrent.OnMet(key, _isCalled ? Peer : Pbts.Remote.Port is { } port ? new IPEndPoint(Peer.Address, port) : null);
    }

    private void OnPbts(byte id, ReadOnlyMemory<byte> payload)
    {
        switch (Pbts.Parse(id, payload, out var message))
        {
            case PbtsParseResult.Malformed:
                Blame("malformed voucher message");
                break;
            case PbtsParseResult.Parsed when Key is null:
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.NewVoucher voucher:
                Torrent.Vouchers.Take(this, voucher.Voucher);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.VoucherKept kept:
                Torrent.Vouchers.OnKept(this, kept.Ack);
                break;
            case PbtsParseResult.Parsed when message is PbtsMessage.RequestVoucher:
                Torrent.Vouchers.OnRequest(this);
                break;
            default:
                break;
        }
    }

    private bool MayPass(int block)
    {
        if (Key is null)
            return !_options.RequirePbts;
        if (Torrent.TryServe(Credit, block))
            return true;
        if (_asked == 0 || Torrent.Clock.GetElapsedTime(_asked) > AskAgain)
            Ask();
        return false;
    }

    private void Ask()
    {
        _asked = Torrent.Clock.GetTimestamp();
        if (Pbts.TryCreateVoucherRequest(out var frame))
            Send(frame);
    }

    /// <summary>
    /// The client has left, most often because both have the whole file. The connection is kept until both sides have signed
    /// for what they have got and the vouchers are kept, or the peer has had the time for it. What the client has of the last
    /// pieces it may have told nobody yet but the tracker.
    /// </summary>
    private async Task SettleAsync(Task world)
    {
        if (Key is not { } key)
            return;
        Send(PeerMessages.Simple(PeerMessages.Choke));
        Send(PeerMessages.Simple(PeerMessages.NotInterested));
        Torrent.Vouchers.OnRequest(this);
        var since = Torrent.Clock.GetTimestamp();
        if (Torrent.Locked(() => Credit.Unsigned) > 0)
            Ask();
        // A client that was killed in the middle of a message leaves a connection on which nothing can be said any more.
        while (!world.IsCompleted && IsOpen && !_isMidMessage && Torrent.Clock.GetElapsedTime(since) < _options.SettleTimeout
            && (Torrent.Locked(() => Credit.Unsigned) > 0 || Torrent.Vouchers.Undelivered.Contains(key) || Torrent.Ledger.HasUncounted(key)))
            await Task.WhenAny(world, Task.Delay(Moment, _stop.Token)).ConfigureAwait(false);
        // What the peer has sent and nobody has read would take our last words with it.
        while (_own.Reader.Count > 0 && !world.IsCompleted && !_isMidMessage)
            await Task.Delay(Moment, _stop.Token).ConfigureAwait(false);
        if (world.IsCompleted || _isMidMessage)
            return;
        await _worldTurn.WaitAsync(_stop.Token).ConfigureAwait(false);
        _world.Shutdown(SocketShutdown.Send);
        await Task.WhenAny(world, Task.Delay(Goodbye, _stop.Token)).ConfigureAwait(false);
    }

    /// <summary>Where none but members are wanted, who has not shown itself to be one in time is let go.</summary>
    private async Task EndUndecidedAsync()
    {
        if (!_options.RequirePbts)
            return;
        if (IsExtended)
            await Task.Delay(TimeSpan.FromSeconds(10), _stop.Token).ConfigureAwait(false);
        if (Key is null)
            Close("exchanges no vouchers");
    }

    private async ValueTask WriteToClientAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, CancellationToken cancellationToken)
    {
        if (_clientGone)
            return;
        try
        {
            await SendAllAsync(_client, bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone: reading finds that out, and what the peer has to say is still of use.
            _clientGone = true;
        }
    }

    private async ValueTask WriteToWorldAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, CancellationToken cancellationToken)
    {
        if (!_isMidMessage)
            await _worldTurn.WaitAsync(cancellationToken).ConfigureAwait(false);
        _isMidMessage = true;
        await SendAllAsync(_world, bytes, cancellationToken).ConfigureAwait(false);
        if (!endsMessage)
            return;
        _isMidMessage = false;
        _worldTurn.Release();
    }

    private async Task WriteOwnAsync()
    {
        await foreach (var frame in _own.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
        {
            await _worldTurn.WaitAsync(_stop.Token).ConfigureAwait(false);
            try
            {
                await SendAllAsync(_world, frame, _stop.Token).ConfigureAwait(false);
            }
            finally
            {
                _worldTurn.Release();
            }
        }
    }

    private static async ValueTask SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken).ConfigureAwait(false)..];
    }

    /// <summary>Whatever ends a connection, ends no more than it.</summary>
    private static async Task GuardAsync(Task task)
    {
        try
        {
            await task.ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException or ChannelClosedException)
        {
            // The connection is over.
        }
    }

    /// <summary>What the client says to the peer.</summary>
    private sealed class ClientFilter(GateRelay relay, int port) : IWireFilter
    {
        /// <summary>Blocks asked for, and when. More than any client has on their way are not counted.</summary>
        private const int MaxRequests = 4096;

        private readonly Lock _gate = new();
        private readonly Dictionary<(int Piece, int Begin), (int Length, long When)> _requests = [];

        public long HeadLength(ReadOnlySpan<byte> available, long total) => WireMessage.HeadLength(available, total, seesBitfields: true);

        public WireVerdict OnMessage(ReadOnlyMemory<byte> head, long length, out byte[]? instead)
        {
            instead = null;
            var message = new WireMessage(head.Span);
            var torrent = relay.Torrent;
            switch (message.Id)
            {
                case PeerMessages.Piece when length >= 9:
                    torrent.OnClientsBlock(message.Begin, (int)Math.Min(length - 9, int.MaxValue));
                    return relay.MayPass((int)Math.Min(length - 9, int.MaxValue)) ? WireVerdict.Pass : WireVerdict.Wait;
                case PeerMessages.Request when length == 13:
                    if (relay._options.RequirePbts && relay.Key is null)
                        return WireVerdict.Wait;
                    torrent.OnClientsBlock(message.Begin, message.Length);
                    lock (_gate)
                    {
                        if (_requests.Count >= MaxRequests)
                            _requests.Clear();
                        _requests[(message.Piece, message.Begin)] = (message.Length, torrent.Ledger.Now);
                    }

                    return WireVerdict.Pass;
                case PeerMessages.Have when length == 5:
                    torrent.OnVerified(torrent.Ledger.OnHave(message.Piece));
                    return WireVerdict.Pass;
                case PeerMessages.HaveAll when length == 1:
                    torrent.OnVerified(torrent.Ledger.OnHaveAll());
                    return WireVerdict.Pass;
                case PeerMessages.HaveNone when length == 1:
                    torrent.OnVerified(torrent.Ledger.OnBitfield([], torrent.Peers is [_]));
                    return WireVerdict.Pass;
                case PeerMessages.BitfieldId when head.Length == length + 4:
                    torrent.OnVerified(torrent.Ledger.OnBitfield(message.Payload, torrent.Peers is [_]));
                    return WireVerdict.Pass;
                case PeerMessages.Extended when relay.IsExtended && message.IsExtendedHandshake && head.Length == length + 4:
                    var said = GateHandshake.ToWorld(head[WireMessage.ExtendedHead..], relay._options.Identity.PublicKey, torrent.Instance, port);
                    if (said is null)
                        return WireVerdict.Pass;
                    instead = Bep10Frame.Build(Bep10Frame.HandshakeId, said);
                    return WireVerdict.Drop;
                default:
                    return WireVerdict.Pass;
            }
        }

        public void OnPassed()
        {
        }

        public Task WaitAsync(CancellationToken cancellationToken) => relay._signed.WaitAsync(TimeSpan.FromSeconds(1), cancellationToken);

        /// <summary>Whether a block was asked for, and when; it is not any more.</summary>
        public bool TryTake(int piece, int begin, out (int Length, long When) request)
        {
            lock (_gate)
                return _requests.Remove((piece, begin), out request);
        }
    }

    /// <summary>What the peer says to the client.</summary>
    private sealed class PeerFilter(GateRelay relay, ClientFilter client) : IWireFilter
    {
        private (int Piece, int Begin, int Length, long Requested)? _block;

        public long HeadLength(ReadOnlySpan<byte> available, long total) => WireMessage.HeadLength(available, total, seesBitfields: false);

        public WireVerdict OnMessage(ReadOnlyMemory<byte> head, long length, out byte[]? instead)
        {
            instead = null;
            var message = new WireMessage(head.Span);
            switch (message.Id)
            {
                // What was not asked for the client throws away.
                case PeerMessages.Piece when length >= 9:
                    if (client.TryTake(message.Piece, message.Begin, out var request) && request.Length == length - 9)
                        _block = (message.Piece, message.Begin, request.Length, request.When);
                    return WireVerdict.Pass;
                case PeerMessages.Reject when length == 13:
                    client.TryTake(message.Piece, message.Begin, out _);
                    return WireVerdict.Pass;
                case PeerMessages.Extended when !relay.IsExtended:
                    return WireVerdict.Drop;
                case PeerMessages.Extended when message.IsExtendedHandshake && head.Length == length + 4:
                    relay.OnMet(head[WireMessage.ExtendedHead..]);
                    if (GateHandshake.ToClient(head[WireMessage.ExtendedHead..]) is not { } said)
                        return WireVerdict.Pass;
                    instead = Bep10Frame.Build(Bep10Frame.HandshakeId, said);
                    return WireVerdict.Drop;
                case PeerMessages.Extended when message.IsPbts:
                    if (head.Length == length + 4)
                        relay.OnPbts(message.ExtendedId, head[WireMessage.ExtendedHead..]);
                    return WireVerdict.Drop;
                default:
                    return WireVerdict.Pass;
            }
        }

        public void OnPassed()
        {
            if (_block is { } block)
                relay.Torrent.Ledger.OnBlock(block.Piece, block.Begin, block.Length, relay.Key, block.Requested);
            _block = null;
        }

        public Task WaitAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
