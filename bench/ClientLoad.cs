using System.Diagnostics;
using System.Net;
using Pbts.Api.Connections;
using Pbts.Load;

namespace Pbts.Bench;

/// <summary>
/// Announces of many clients, as torrent clients make them: each has a connection that it keeps, and waits for the answer
/// before it announces again. One thread, which never waits. Each run counts for itself; the connections stay.
/// </summary>
/// <param name="write">Writes the announce with this number, and says how long it is.</param>
internal sealed class ClientLoad(IPEndPoint tracker, int clients, Func<int, Span<byte>, int> write) : IDisposable
{
    /// <summary>Announces made before the answers are looked for again: these times are in what is measured.</summary>
    private const int AtOnce = 4;

    private const int Buffer = 32 * 1024;

    private static readonly long Patience = Stopwatch.Frequency;
    private static readonly long LastAnswers = 10 * Stopwatch.Frequency;

    private readonly Poller _poller = new(64);
    private readonly Dictionary<int, PipelinedConnection> _connections = [];
    private readonly Queue<PipelinedConnection> _free = new();
    private int _number;

    /// <summary>Announces at a steady rate, whatever the tracker does with them, as long as a client is free.</summary>
    public LoadTally AtRate(double perSecond, TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        return Run(start, duration, (made, _) => start + (long)(made * Stopwatch.Frequency / perSecond));
    }

    /// <summary>As fast as the tracker answers so many clients.</summary>
    public LoadTally Saturating(int underWay, TimeSpan duration) =>
        Run(Stopwatch.GetTimestamp(), duration, (_, busy) => busy < underWay ? 0 : long.MaxValue);

    public void Dispose()
    {
        foreach (var connection in _connections.Values)
            connection.Dispose();
        _poller.Dispose();
    }

    /// <param name="due">When the next announce is due, after so many were made and while so many are under way.</param>
    private LoadTally Run(long start, TimeSpan duration, Func<long, int, long> due)
    {
        while (_connections.Count < clients)
            Open();
        var tally = new LoadTally();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        var (made, busy) = (0L, 0);
        for (long now = start, before = start; ; before = now)
        {
            now = Stopwatch.GetTimestamp();
            tally.Looks.Add(now - before);
            for (var i = 0; i < AtOnce && now < end && due(made, busy) is var moment && moment <= now; i++)
            {
                if (_free.TryDequeue(out var client))
                {
                    client.Add(write(_number++, client.Room()), Math.Max(moment, start));
                    client.Send();
                    busy++;
                }
                else if (now - moment > Patience)
                {
                    tally.NeverSent++;
                }
                else
                {
                    break;
                }

                made++;
            }

            while (_poller.Wait(0) is > 0 and var ready)
            {
                for (var place = 0; place < ready; place++)
                    busy -= Take(_connections[_poller.Descriptor(place)], tally);
            }

            if (now < end)
                continue;
            if (tally.Ended == 0)
            {
                (tally.Ended, tally.Seconds) = (now, Stopwatch.GetElapsedTime(start, now).TotalSeconds);
                for (; due(made, clients) < end; made++)
                    tally.NeverSent++;
            }

            if (busy > 0 && now - tally.Ended <= LastAnswers)
                continue;
            tally.Failed += busy;
            return tally;
        }
    }

    private void Open()
    {
        var connection = new PipelinedConnection(tracker, Buffer);
        _connections.Add(connection.Descriptor, connection);
        _poller.Add(connection.Descriptor, Libc.EpollIn);
        _free.Enqueue(connection);
    }

    /// <returns>Announces that are no longer under way: 1 or 0.</returns>
    private int Take(PipelinedConnection connection, LoadTally tally)
    {
        var underWay = connection.UnderWay;
        connection.Receive(tally);
        if (connection.Closed)
        {
            tally.Failed += connection.UnderWay;
            _connections.Remove(connection.Descriptor);
            _poller.Remove(connection.Descriptor);
            connection.Dispose();
            Open();
            return underWay;
        }

        if (connection.UnderWay < underWay)
            _free.Enqueue(connection);
        return underWay - connection.UnderWay;
    }
}
