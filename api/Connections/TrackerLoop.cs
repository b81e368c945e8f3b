using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pbts.Api.Announce;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Threading;

namespace Pbts.Api.Connections;

/// <summary>
/// A thread that takes connections, reads requests and sends answers. It never waits but for the next ready connection: an
/// answer that takes its time is finished elsewhere and comes back as a message.
/// </summary>
internal sealed partial class TrackerLoop : IDisposable
{
    private const int ReadSize = 64 * 1024;

    /// <summary>Answers sent at once to a client that sends many requests without waiting.</summary>
    private const int WriteSize = 64 * 1024;

    private const int BodySize = 4096;

    /// <summary>Room for the listeners and the wake-up beside the connections.</summary>
    private const int OtherDescriptors = 64;

    /// <summary>New connections taken before those that are open get their turn.</summary>
    private const int AcceptsAtOnce = 64;

    private static readonly long SweepEvery = Stopwatch.Frequency;

    /// <summary>So long no connection is taken from a listener when there was no descriptor for one.</summary>
    private static readonly long AcceptPause = Stopwatch.Frequency / 10;

    /// <summary>Who has been silent for less is not displaced while somebody has been for longer.</summary>
    private static readonly long MomentOfSilence = Stopwatch.Frequency;

    private readonly TrackerTransport _transport;
    private readonly TrackerRequests _requests;
    private readonly Shedding _shedding;
    private readonly ILogger _logger;
    private readonly long _idle;
    private readonly long _patience;

    /// <summary>Connections that owe the rest of a request, or their end.</summary>
    private readonly SilentLine _begun = new();

    /// <summary>Connections that may be silent for a while: kept for the next request, or busy taking their answers.</summary>
    private readonly SilentLine _kept = new();
    private readonly Thread _thread;
    private readonly Poller _poller;
    private readonly int _wake = Libc.CreateEvent();
    private readonly Action _signal;
    private readonly ConcurrentQueue<Action> _messages = new();
    private readonly Dictionary<int, TrackerListener> _listeners = [];
    private readonly Dictionary<int, TrackerConnection> _connections = [];
    private readonly WaitingLine _waiting = new();

    /// <summary>Connections that sent more than is read at a time: they wait for the next round, or one that never ends would be the newest again and again.</summary>
    private readonly List<TrackerConnection> _unread = [];
    private readonly byte[] _input = GC.AllocateUninitializedArray<byte>(TrackerRequests.MaxHead + ReadSize, pinned: true);
    private readonly ArrayBufferWriter<byte> _output = new(2 * WriteSize);
    private ArrayBufferWriter<byte> _body = new(BodySize);
    private int _started;
    private int _signalled;
    private int _generation;
    private long _pausedUntil;
    private bool _closing;
    private volatile bool _disposed;

    public TrackerLoop(int number, TrackerTransport transport, TrackerRequests requests, TrackerOptions options, ILogger logger)
    {
        _transport = transport;
        _requests = requests;
        _logger = logger;
        _shedding = new(TimeSpan.FromMilliseconds(options.ShedAfter));
        _idle = options.ConnectionIdleSeconds * Stopwatch.Frequency;
        _patience = options.RequestSeconds * Stopwatch.Frequency;
        _poller = new(options.MaxConnections + OtherDescriptors);
        _thread = new(Run) { IsBackground = true, Name = $"tracker-{number}" };
        _signal = () => Libc.Signal(_wake);
        _poller.Add(_wake, Libc.EpollIn);
    }

    /// <summary>Takes connections from the listener from now on.</summary>
    public void Listen(TrackerListener listener)
    {
        Post(() =>
        {
            _closing = false;
            _listeners.Add(listener.Descriptor, listener);
            if (_pausedUntil == 0)
                AcceptFrom(listener);
        });
        if (Interlocked.Exchange(ref _started, 1) == 0)
            _thread.Start();
    }

    /// <summary>Takes no more connections from the listener; after the last one, open connections end once they have their answer.</summary>
    public Task UnlistenAsync(TrackerListener listener)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_disposed)
            return Task.CompletedTask;
        Post(() =>
        {
            if (_listeners.Remove(listener.Descriptor) && _pausedUntil == 0)
                _poller.Remove(listener.Descriptor);
            if (_listeners.Count == 0)
                EndAll();
            done.TrySetResult();
        });
        return done.Task;
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Libc.Signal(_wake);
        if (_started == 0 || _thread.Join(TimeSpan.FromSeconds(5)))
        {
            _poller.Dispose();
            _ = Libc.Close(_wake);
        }
    }

    private void Post(Action message)
    {
        _messages.Enqueue(message);
        if (Interlocked.Exchange(ref _signalled, 1) == 0)
            WakeUps.Run(_signal);
    }

    private void Run()
    {
        ThreadTurns.ComeSoon();
        var swept = Stopwatch.GetTimestamp();
        while (!_disposed)
        {
            var ready = _poller.Wait(_waiting.Count + _unread.Count > 0 ? 0 : _pausedUntil > 0 ? 20 : 1000);
            WakeUps.PutOff();
            var now = Stopwatch.GetTimestamp();
            _shedding.Begin(now, _waiting.Count > 0 ? _waiting.Oldest.WaitsSince : now);
            foreach (var connection in _unread)
                Wait(connection, now);
            _unread.Clear();
            for (var place = 0; place < ready; place++)
                Ready(_poller.Descriptor(place), _poller.Generation(place), _poller.Events(place), now);
            ServeWaiting();
            WakeUps.Release();
            if (_pausedUntil > 0 && now > _pausedUntil)
                AcceptAgain();
            if (now - swept > SweepEvery)
            {
                swept = now;
                Sweep(now);
            }
        }

        foreach (var connection in _connections.Values.ToList())
            Close(connection, CloseReason.Stopping);
    }

    /// <summary>
    /// Everybody's turn, in order, for as long as the round may last. Once somebody has waited too long, everybody would in
    /// order: so those come first that have waited least, and where requests are shed, those of who has waited longest.
    /// </summary>
    private void ServeWaiting()
    {
        while (_waiting.Count > 0 && !_shedding.IsOver)
        {
            var connection = _shedding.IsBehind && !_shedding.IsForShedding ? _waiting.TakeNewest() : _waiting.TakeOldest();
            if (connection.Gone)
                continue;
            _shedding.Turn(connection.WaitsSince);
            connection.WaitsSince = 0;
            Serve(connection);
        }
    }

    private void Ready(int descriptor, int generation, int events, long now)
    {
        if (_connections.TryGetValue(descriptor, out var connection))
        {
            // Earlier in this round the connection this is about may have ended, and another have got its descriptor.
            if (connection.Generation != generation)
                return;
            connection.HalfClosed |= (events & Libc.EpollHalfClosed) != 0;
            Wait(connection, now);
        }
        else if (descriptor == _wake)
        {
            TakeMessages();
        }
        else if (_listeners.TryGetValue(descriptor, out var listener))
        {
            Accept(listener);
        }
    }

    private void Wait(TrackerConnection connection, long since)
    {
        if (connection.WaitsSince != 0)
            return;
        connection.WaitsSince = since;
        _waiting.Add(connection);
    }

    /// <summary>Whatever one connection does, the others are served.</summary>
    private void Serve(TrackerConnection connection, Action<TrackerConnection>? instead = null)
    {
        try
        {
            (instead ?? Exchange)(connection);
        }
#pragma warning disable CA1031 // The operator gets the whole story, the connection ends.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(e);
            _output.ResetWrittenCount();
            _body.ResetWrittenCount();
            Close(connection, CloseReason.Failed);
        }
    }

    private void TakeMessages()
    {
        Libc.TakeSignals(_wake);
        Interlocked.Exchange(ref _signalled, 0);
        while (_messages.TryDequeue(out var message))
            message();
    }

    private unsafe void Accept(TrackerListener listener)
    {
        var address = stackalloc byte[128];
        for (var taken = 0; taken < AcceptsAtOnce; taken++)
        {
            var length = 128;
            var descriptor = Libc.Accept(listener.Descriptor, address, ref length);
            if (descriptor < 0)
            {
                if (Libc.Error is Libc.TooManyFiles or Libc.TooManyFilesInSystem)
                    PauseAccepting();
                return;
            }

            var client = AddressOf(address);
            _transport.Enters(client, out var refusal);
            while (refusal == CloseReason.Full && Displace())
                _transport.Enters(client, out refusal);
            if (refusal != CloseReason.None)
            {
                _transport.Count(refusal);
                _ = Libc.Close(descriptor);
                continue;
            }

            // The request of a client that opens a connection for each is often here already.
            Serve(new TrackerConnection(descriptor, client, listener) { Active = Stopwatch.GetTimestamp() });
        }
    }

    /// <summary>How well the connection here that can best be spared can be spared, less being better. Another thread's answer may be out of date.</summary>
    public (int Rank, long Since) Spare => Sparable().Order;

    /// <summary>Closes, from whatever thread, the connection here that can best be spared, if there are still more than there should be.</summary>
    /// <param name="before">Only one that has been silent since before that: who came since is not meant.</param>
    public void DisplaceOne(long before)
    {
        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId)
            Post(() => DisplaceOne(before));
        else
            DisplaceIfCrowded(before);
    }

    private bool DisplaceIfCrowded(long before)
    {
        lock (_transport.Crowd)
            return _transport.IsCrowded && Displace(before);
    }

    private void AcceptFrom(TrackerListener listener) => _poller.Add(listener.Descriptor, Libc.EpollIn | Libc.EpollExclusive);

    /// <summary>
    /// There is no descriptor left, for a connection or for anything else: the one who has been silent longest gives up its own.
    /// A listener stays ready meanwhile, so it is not looked at for a moment.
    /// </summary>
    private void PauseAccepting()
    {
        _transport.RanOut();
        Displace();
        if (_pausedUntil == 0)
        {
            foreach (var listener in _listeners.Values)
                _poller.Remove(listener.Descriptor);
        }

        _pausedUntil = Stopwatch.GetTimestamp() + AcceptPause;
    }

    private void AcceptAgain()
    {
        _pausedUntil = 0;
        foreach (var listener in _listeners.Values)
            AcceptFrom(listener);
    }

    /// <summary>Closes the connection that can best be spared; false when none can.</summary>
    /// <param name="before">Only one that has been silent since before that.</param>
    private bool Displace(long before = long.MaxValue)
    {
        if (Sparable().Connection is not { } silent || silent.SilentSince >= before)
            return false;
        Close(silent, CloseReason.Displaced);
        return true;
    }

    /// <summary>Who has owed a request for a moment, then who keeps a connection, then whoever has only just come; of each kind who has been silent longest.</summary>
    private (TrackerConnection? Connection, (int Rank, long Since) Order) Sparable()
    {
        var (begun, kept) = (_begun.Oldest, _kept.Oldest);
        if (begun is not null && begun.SilentSince < Stopwatch.GetTimestamp() - MomentOfSilence)
            return (begun, (0, begun.SilentSince));
        if (kept is not null)
            return (kept, (1, kept.SilentSince));
        return (begun, begun is null ? (3, 0) : (2, begun.SilentSince));
    }

    /// <summary>The address in a <c>sockaddr_in</c> or <c>sockaddr_in6</c>.</summary>
    private static unsafe IPAddress AddressOf(byte* address) =>
        *(ushort*)address == (ushort)AddressFamily.InterNetwork ? new(new ReadOnlySpan<byte>(address + 4, 4)) : new(new ReadOnlySpan<byte>(address + 8, 16));

    private void Sweep(long now)
    {
        while (_begun.Oldest is { } begun && now - begun.SilentSince > _patience)
            Close(begun, CloseReason.Silent);
        while (_kept.Oldest is { } kept && now - kept.SilentSince > _idle)
            Close(kept, CloseReason.Idle);
        while (_transport.IsCrowded && _transport.CanBestSpare(this) && DisplaceIfCrowded(now - MomentOfSilence))
        {
        }
    }

    private void EndAll()
    {
        _closing = true;
        foreach (var connection in _connections.Values)
        {
            if (connection.State is ConnectionState.Ending || (connection.State is ConnectionState.Reading && connection.Held.IsEmpty))
                Close(connection, CloseReason.Stopping);
        }
    }

    [LoggerMessage(LogLevel.Error, "A connection of the tracker failed.")]
    private partial void LogFailed(Exception exception);
}
