using System.Diagnostics;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>Announces without end, round the front ends, and remembers what clients would have noticed.</summary>
internal sealed class AnnounceLoad(NodeProcess[] fronts)
{
    public const int Swarms = 300;

    private readonly byte[][] _torrents = [.. Enumerable.Range(0, Swarms).Select(_ => Announcer.NewTorrent())];
    private readonly Announcer[] _trackers = [.. fronts.Select(front => new Announcer(front))];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private Stopwatch? _clock;
    private TimeSpan _noticeable;
    private int _answered;
    private int _failed;

    public int Answered => _answered;

    public int Failed => _failed;

    public TimeSpan Slowest { get; private set; }

    /// <summary>When the last slow or failed announce since <see cref="Watch"/> ended.</summary>
    public TimeSpan? LastNoticed { get; private set; }

    public async Task StartAsync(int workers)
    {
        foreach (var torrent in _torrents)
            await _trackers[0].AnnounceAsync(torrent, 1, 0);
        _running = Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(() => WorkAsync(worker))));
    }

    public void Watch(Stopwatch clock, TimeSpan noticeable)
    {
        lock (_lock)
            (_clock, _noticeable, LastNoticed) = (clock, noticeable, null);
    }

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Whether a hundred announces all come through in time.</summary>
    public async Task<bool> AnswersWithinAsync(TimeSpan limit)
    {
        for (var i = 0; i < 100; i++)
        {
            var clock = Stopwatch.StartNew();
            if (!await IsAnsweredAsync(i, 2) || clock.Elapsed > limit)
                return false;
        }

        return true;
    }

    private async Task WorkAsync(int worker)
    {
        for (var i = worker; !_stop.IsCancellationRequested; i += 7)
        {
            var clock = Stopwatch.StartNew();
            var answered = await IsAnsweredAsync(i, 2 + (i % 50));
            Interlocked.Increment(ref answered ? ref _answered : ref _failed);
            lock (_lock)
            {
                Slowest = clock.Elapsed > Slowest ? clock.Elapsed : Slowest;
                if (_clock is { } watch && (!answered || clock.Elapsed > _noticeable))
                    LastNoticed = watch.Elapsed;
            }

            await Task.Delay(5);
        }
    }

    private async Task<bool> IsAnsweredAsync(int i, int peer)
    {
        try
        {
            var reply = await _trackers[i % _trackers.Length].AnnounceAsync(_torrents[i % Swarms], peer, i % 2);
            return reply is { Failure: null, Warning: null };
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or OperationCanceledException)
        {
            return false;
        }
    }
}
