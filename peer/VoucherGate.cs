using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Pbts.Peer.Exchange;
using Pbts.Peer.Gate;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Torrents;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer;

/// <summary>
/// Stands between an ordinary client of this machine and the world, and exchanges vouchers in its member's name: the client
/// announces to the gate and is told of doors of the gate in place of peers. Works from <see cref="StartAsync"/> until
/// <see cref="StopAsync"/>. All members are thread safe.
/// </summary>
public sealed class VoucherGate : IAsyncDisposable
{
    private const int MaxTorrents = 2000;
    private const int MaxRememberedDoors = 200;
    private const int MaxLinesASecond = 20;

    /// <summary>Seconds between two times that doors are written down: the file of a client with thousands of torrents has megabytes.</summary>
    private const int SaveEvery = 30;

    private static readonly JsonSerializerOptions Snake = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    private static readonly TimeSpan GoodbyeTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LastTimeout = TimeSpan.FromSeconds(20);

    private readonly GateOptions _options;
    private readonly FileStream _lock;
    private readonly TrackerClient _tracker;
    private readonly BackgroundThread _background = new("vouchers");
    private readonly BlockBudget _budget = new();
    private readonly Doors _doors;
    private readonly ConcurrentDictionary<InfoHash, GateTorrent> _torrents = [];
    private readonly Lock _opening = new();
    private readonly TaskCompletionSource<string> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly Callers _callers;
    private readonly List<Task> _loops = [];
    private Socket? _listener;
    private GateServer? _server;
    private GateAnnouncer? _announcer;
    private GateMemory _memory;
    private InstanceId _instance;
    private volatile bool _isChanged;
    private volatile bool _isUrgent;
    private bool _stopped;
    private long _refused;
    private int _lines;

    private VoucherGate(GateOptions options, FileStream held, GateMemory memory)
    {
        (_options, _lock, _memory) = (options, held, memory);
        _tracker = new TrackerClient(options.Tracker, options.Passkey) { Member = (options.UserId, options.Identity) };
        _doors = new Doors(options.Doors.First, options.Doors.Second);
        _callers = new Callers(options.MaxConnections);
    }

    /// <summary>What the client's torrents name as their tracker. There is a secret in it.</summary>
    public string AnnounceUrl => $"http://{_options.Listen}/announce/{_memory.Secret}";

    /// <summary>Where peers call.</summary>
    public int Port => _memory.PeerPort;

    /// <summary>Ends, with the reason, when the disk does not do its part.</summary>
    public Task<string> Failed => _failed.Task;

    /// <summary>How it is now.</summary>
    public GateProgress Progress => new()
    {
        Refused = Interlocked.Read(ref _refused),
        Torrents = [.. _torrents.Values.Select(torrent => new GateTorrentProgress
        {
            InfoHash = torrent.InfoHash.ToString(), Peers = torrent.Peers.Count, PbtsPeers = torrent.Peers.Count(peer => peer.Key is not null),
            SignedFor = torrent.Vouchers.SignedBytes, Undelivered = torrent.Vouchers.Undelivered.Count, Earned = torrent.Vouchers.EarnedBytes,
            Credited = torrent.Reporter.Credited, Waiting = torrent.Vouchers.Earned.Waiting,
        })],
    };

    /// <summary>Starts a gate.</summary>
    /// <exception cref="IOException">The state folder cannot be used, or another gate has it; or the tracker is away and was never known.</exception>
    /// <exception cref="UnauthorizedAccessException">The state folder may not be used.</exception>
    /// <exception cref="SocketException">It cannot be listened: for peers, or at doors.</exception>
    /// <exception cref="HttpListenerException">It cannot be listened for the client.</exception>
    public static async Task<VoucherGate> StartAsync(GateOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        PrivateFile.CreateFolder(options.StateFolder);
        var held = Hold(options.StateFolder);
        VoucherGate? gate = null;
        try
        {
            gate = new VoucherGate(options, held, GateMemory.Load(options.StateFolder));
            await gate.OpenAsync(cancellationToken).ConfigureAwait(false);
            return gate;
        }
        catch
        {
            if (gate is null)
                await held.DisposeAsync().ConfigureAwait(false);
            else
                gate.Release();
            throw;
        }
    }

    /// <summary>How the gate of a state folder is, as it says itself, and its announce URL; <c>null</c> when none is running there.</summary>
    /// <exception cref="IOException">What a gate has left there cannot be read.</exception>
    public static async Task<(string AnnounceUrl, JsonElement Status)?> AskAsync(string stateFolder, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(Path.Combine(stateFolder, GateMemory.FileName)))
            return null;
        var memory = GateMemory.Load(stateFolder);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        try
        {
            var status = await http.GetByteArrayAsync(new Uri($"http://{memory.Listen}/status/{memory.Secret}"), cancellationToken).ConfigureAwait(false);
            return ($"http://{memory.Listen}/announce/{memory.Secret}", JsonSerializer.Deserialize<JsonElement>(status));
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or UriFormatException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Lets peers sign for what they have got and signs for what came, tells the tracker good-bye for every torrent, and reports. Takes half a minute at most where a tracker does not answer.</summary>
    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await SayGoodbyeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (var relay in Relays)
            relay.Close("the gate ends");
        await Task.WhenAll(_loops).ConfigureAwait(false);
        using var last = new CancellationTokenSource(LastTimeout);
        try
        {
            await ReportAsync(last.Token).ConfigureAwait(false);
            await _announcer!.StopAsync(_torrents.Values, last.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _options.Log("the tracker did not answer the last report or the good-bye in time");
        }

        Save();
    }

    /// <summary>Stops, and lets go of files and sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        for (var i = 0; i < 50 && Relays.Any(); i++)
            await Task.Delay(20, CancellationToken.None).ConfigureAwait(false);
        Release();
    }

    private IEnumerable<GateRelay> Relays => _torrents.Values.SelectMany(torrent => torrent.Peers);

    private static FileStream Hold(string stateFolder)
    {
        try
        {
            return PrivateFile.Open(Path.Combine(stateFolder, "gate.lock"), FileMode.OpenOrCreate);
        }
        catch (IOException e)
        {
            throw new IOException($"{stateFolder}: is another gate with this key running? ({e.Message})", e);
        }
    }

    private async Task OpenAsync(CancellationToken cancellationToken)
    {
        if (await _tracker.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is { } found)
            _instance = found;
        else if (!InstanceId.TryParse(_memory.Instance, out _instance))
            throw new IOException($"the tracker {_tracker.Name} does not answer; a gate must have met it once to know for whom it signs");
        _doors.Listen(_memory.DoorPort);
        _listener = Listen(_options.Port == 0 ? _memory.PeerPort : _options.Port);
        _memory = _memory with
        {
            Instance = _instance.ToString(), Listen = _options.Listen.ToString(), DoorPort = _doors.Port, PeerPort = ((IPEndPoint)_listener.LocalEndPoint!).Port,
        };
        _announcer = new GateAnnouncer(_options, _tracker, _doors, Port, FindOrOpen, OnChanged);
        _server = new GateServer(_memory.Secret, AnswerAsync);
        _server.Start(_options.Listen);
        Recall();
        Save();
        var calls = new GateCalls(_options, _doors, _callers, Find, Port, OnRefused);
        _loops.AddRange(
        [
            RunAsync(() => calls.RunDoorsAsync(_stop.Token)), RunAsync(() => calls.RunPeersAsync(_listener, _stop.Token)), RunAsync(() => _server.RunAsync(_stop.Token)),
            RunAsync(() => WatchAsync(new GateErrands((torrent, peer) => calls.RunErrandAsync(torrent, peer, _stop.Token), TimeProvider.System))), RunAsync(RunReportsAsync),
        ]);
        if (_options.Watch is { } folder)
            _loops.Add(RunAsync(() => new WatchedFolder(folder, AnnounceUrl, _options.Log).RunAsync(_stop.Token)));
        // Clients that go on while the gate was away: the world is to find them again at once.
        foreach (var client in _torrents.Values.GroupBy(torrent => torrent.ClientPort))
            _ = RunAsync(() => _announcer.ReturnAsync(client.Key, [.. client], _stop.Token));
    }

    /// <summary>A port of before is taken again when it is free, since the tracker and peers know it.</summary>
    private Socket Listen(int port)
    {
        try
        {
            return Bind(port);
        }
        catch (SocketException) when (_options.Port == 0 && port != 0)
        {
            return Bind(0);
        }
    }

    private Socket Bind(int port)
    {
        var socket = new Socket(_options.PeerAddress.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (_options.PeerAddress.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(_options.PeerAddress, port));
            socket.Listen(256);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task RunAsync(Func<Task> loop)
    {
        try
        {
            await loop().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private GateTorrent? Find(InfoHash infoHash) => _torrents.GetValueOrDefault(infoHash);

    /// <exception cref="IOException">The journals cannot be used.</exception>
    private GateTorrent? FindOrOpen(InfoHash infoHash)
    {
        lock (_opening)
        {
            if (Find(infoHash) is { } known)
                return known;
            if (_torrents.Count >= MaxTorrents)
                return null;
            try
            {
                return _torrents[infoHash] = new GateTorrent(infoHash, _options, _instance, _tracker, _background, _budget, OnRefused, OnFailed);
            }
            catch (IOException e)
            {
                throw new IOException($"{infoHash}: is another pbts with this key busy with this torrent? ({e.Message})", e);
            }
        }
    }

    private void OnChanged(bool isUrgent)
    {
        _isChanged = true;
        _isUrgent |= isUrgent;
    }

    private void OnFailed(string reason) => _failed.TrySetResult(reason);

    private void OnRefused(IPEndPoint who, string why)
    {
        Interlocked.Increment(ref _refused);
        if (why == VoucherDesk<GateRelay>.BadSignature)
            _callers.Refuse(who.Address);
        if (Interlocked.Increment(ref _lines) <= MaxLinesASecond)
            _options.Log($"{who} refused: {why}");
    }

    private async Task<(string Type, byte[] Body)?> AnswerAsync(string verb, string query, (IPEndPoint Theirs, IPEndPoint Ours) ends) => verb switch
    {
        "announce" => ("text/plain", await _announcer!.AnnounceAsync(query, ends, _stop.Token).ConfigureAwait(false)),
        "scrape" => ("text/plain", await _announcer!.ScrapeAsync(query, _stop.Token).ConfigureAwait(false)),
        "status" => ("application/json", JsonSerializer.SerializeToUtf8Bytes(Progress, Snake)),
        "metrics" => ("text/plain; version=0.0.4", Encoding.UTF8.GetBytes(GateMetrics.Write(Progress))),
        _ => null,
    };

    private async Task WatchAsync(GateErrands errands)
    {
        for (var second = 1; ; second++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), _stop.Token).ConfigureAwait(false);
            Interlocked.Exchange(ref _lines, 0);
            foreach (var torrent in _torrents.Values)
            {
                torrent.Vouchers.Watch();
                foreach (var relay in torrent.Peers)
                    relay.Watch();
                if (second % 10 == 0)
                    torrent.EndRound();
                errands.Watch(torrent);
            }

            if (_isUrgent || (_isChanged && second % SaveEvery == 0))
                Save();
        }
    }

    private async Task RunReportsAsync()
    {
        for (var pause = TimeSpan.FromSeconds(5); ;)
        {
            await Task.Delay(pause, _stop.Token).ConfigureAwait(false);
            pause = await ReportAsync(_stop.Token).ConfigureAwait(false) ? TimeSpan.FromSeconds(5) : TimeSpan.FromSeconds(Math.Min(pause.TotalSeconds * 2, 60));
        }
    }

    private async Task<bool> ReportAsync(CancellationToken cancellationToken)
    {
        foreach (var torrent in _torrents.Values)
        {
            if (torrent.Vouchers.Earned.Waiting > 0 && !await torrent.Reporter.ReportAsync(cancellationToken).ConfigureAwait(false))
                return false;
        }

        return true;
    }

    private async Task SayGoodbyeAsync()
    {
        using var timeout = new CancellationTokenSource(GoodbyeTimeout);
        try
        {
            foreach (var torrent in _torrents.Values)
            {
                torrent.Vouchers.Ask();
                await torrent.Vouchers.FlushAsync(timeout.Token).ConfigureAwait(false);
            }

            while (_torrents.Values.Any(torrent => torrent.IsUnsettled))
                await Task.Delay(20, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Some are slow: what they have not signed for is lost to us, what we have signed is kept.
        }
    }

    private void Recall()
    {
        foreach (var known in _memory.Torrents)
        {
            if (!InfoHash.TryParse(known.InfoHash, out var infoHash) || FindOrOpen(infoHash) is not { } torrent)
                continue;
            (torrent.Query, torrent.ClientPort, torrent.ClientUser) = (known.Query, known.ClientPort, known.ClientUser);
            var peers = known.Doors.Select(door => (door.Number, Peer: IPEndPoint.TryParse(door.Peer, out var peer) ? peer : null)).Where(door => door.Peer is not null).ToArray();
            foreach (var (number, peer) in peers)
                _doors.Recall((ushort)number, infoHash, peer!);
            torrent.LastPeers = [.. peers.Select(door => door.Peer!)];
        }
    }

    private void Save()
    {
        _isChanged = _isUrgent = false;
        var doors = _doors.All.ToLookup(door => door.Torrent);
        _memory = _memory with
        {
            Torrents = [.. _torrents.Values.Where(torrent => torrent.Query is not null).Select(torrent => new GateMemory.Torrent(
                torrent.InfoHash.ToString(), torrent.Query!, torrent.ClientPort, torrent.ClientUser,
                [.. doors[torrent.InfoHash].TakeLast(MaxRememberedDoors).Select(door => new GateMemory.Door(door.Number, door.Peer.ToString()))]))],
        };
        try
        {
            _memory.Save(_options.StateFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            OnFailed($"cannot keep what the client announced: {e.Message}");
        }
    }

    private void Release()
    {
        _server?.Dispose();
        _listener?.Dispose();
        _doors.Dispose();
        _background.Dispose();
        foreach (var torrent in _torrents.Values)
            torrent.Dispose();
        _tracker.Dispose();
        _lock.Dispose();
        _stop.Dispose();
    }
}
