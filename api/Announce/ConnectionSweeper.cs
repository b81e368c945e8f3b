using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;

namespace Pbts.Api.Announce;

/// <summary>Closes tracker connections on which nothing has come in for the idle time, slow writers of a request included.</summary>
internal sealed class ConnectionSweeper(IOptions<TrackerOptions> options, TimeProvider time) : BackgroundService
{
    private readonly ConcurrentDictionary<Activity, byte> _watched = new();

    /// <summary>Watches the connection until the result is disposed.</summary>
    public Activity Watch(ConnectionContext connection)
    {
        var activity = new Activity(this, connection);
        activity.Touch();
        _watched.TryAdd(activity, 0);
        return activity;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var idle = TimeSpan.FromSeconds(options.Value.ConnectionIdleSeconds);
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(Math.Clamp(idle.TotalSeconds / 4, 0.25, 10)), time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var (activity, _) in _watched)
                activity.CloseIfIdle(idle);
        }
    }

    internal sealed class Activity(ConnectionSweeper sweeper, ConnectionContext connection) : IDisposable
    {
        private long _last;

        public void Touch() => Volatile.Write(ref _last, sweeper.Now());

        public void CloseIfIdle(TimeSpan idle)
        {
            if (sweeper.Elapsed(_last) > idle)
                connection.Abort(new ConnectionAbortedException("Idle for too long."));
        }

        public void Dispose() => sweeper._watched.TryRemove(this, out _);
    }

    private long Now() => time.GetTimestamp();

    private TimeSpan Elapsed(long since) => time.GetElapsedTime(since);
}
