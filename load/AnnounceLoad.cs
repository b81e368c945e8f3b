using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pbts.Load;

/// <summary>
/// Announces over a few kept connections, from one thread that goes round them without ever waiting. Each run counts for
/// itself; the connections stay.
/// </summary>
/// <param name="write">Writes the announce with this number, and says how long it is.</param>
public sealed class AnnounceLoad(IPEndPoint tracker, int connections, Func<int, Span<byte>, int> write) : IDisposable
{
    private static readonly long Patience = Stopwatch.Frequency;
    private static readonly long LastAnswers = 10 * Stopwatch.Frequency;

    private readonly PipelinedConnection?[] _connections = new PipelinedConnection?[connections];
    private readonly long[] _turns = new long[connections];
    private int _number;

    /// <summary>Announces at a steady rate whatever the tracker does with them: as many requests are under way as it takes.</summary>
    public LoadTally AtRate(double perSecond, TimeSpan duration)
    {
        var between = connections * Stopwatch.Frequency / perSecond;
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        Array.Clear(_turns);
        var tally = Run(start, now => now >= end, (which, connection, now, tally) =>
        {
            // Each connection has its own regular moments; all of them together are spread evenly.
            while (Due(which, _turns[which]) is var due && due <= now && due < end)
            {
                if (now - due > Patience)
                    tally.NeverSent++;
                else if (!TryAdd(connection, due))
                    return;
                _turns[which]++;
            }
        });
        for (var which = 0; which < connections; which++)
        {
            for (; Due(which, _turns[which]) < end; _turns[which]++)
                tally.NeverSent++;
        }

        return tally;

        long Due(int which, long turn) => start + (long)((turn + ((double)which / connections)) * between);
    }

    /// <summary>As fast as the tracker answers, with so many announces under way on each connection, until the time is over.</summary>
    public LoadTally Saturating(int underWay, TimeSpan duration)
    {
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        return Run(start, now => now >= end, (_, connection, now, _) => Fill(connection, underWay, now));
    }

    /// <summary>So many announces, as fast as the tracker answers.</summary>
    public LoadTally Counted(int count, int underWay)
    {
        var last = _number + count;
        return Run(Stopwatch.GetTimestamp(), _ => _number >= last, (_, connection, now, _) => Fill(connection, Math.Min(underWay, connection.UnderWay + last - _number), now));
    }

    public void Dispose() => Array.ForEach(_connections, connection => connection?.Dispose());

    private void Fill(PipelinedConnection connection, int underWay, long now)
    {
        while (connection.UnderWay < underWay && TryAdd(connection, now))
        {
        }
    }

    private bool TryAdd(PipelinedConnection connection, long due)
    {
        if (connection.Closed || connection.Room() is not { IsEmpty: false } room)
            return false;
        connection.Add(write(_number++, room), due);
        return true;
    }

    private LoadTally Run(long start, Func<long, bool> isOver, Action<int, PipelinedConnection, long, LoadTally> add)
    {
        var tally = new LoadTally();
        var ended = false;
        for (long now = start, before = start; ; before = now)
        {
            now = Stopwatch.GetTimestamp();
            if (now != before)
                tally.Looks.Add(now - before);
            if (!ended && isOver(now))
                (ended, tally.Ended, tally.Seconds) = (true, now, Stopwatch.GetElapsedTime(start, now).TotalSeconds);
            var (moved, underWay) = (false, 0);
            for (var which = 0; which < connections; which++)
            {
                if (Open(which, start, tally) is not { } connection)
                    continue;
                if (!ended)
                    add(which, connection, now, tally);
                moved |= connection.Exchange(tally);
                underWay += connection.UnderWay;
            }

            if (ended && (underWay == 0 || now - tally.Ended > LastAnswers))
            {
                for (var which = 0; which < connections; which++)
                    Break(which, start, tally);
                if (underWay > 0)
                    Close();
                return tally;
            }

            // The processor may be needed elsewhere.
            if (!moved)
                Thread.Yield();
        }
    }

    /// <summary>The connection with this number, new when the one before it is gone; null while there is none to be had.</summary>
    private PipelinedConnection? Open(int which, long start, LoadTally tally)
    {
        if (_connections[which] is { Closed: false } open)
            return open;
        if (_connections[which] is { } gone)
        {
            Break(which, start, tally);
            gone.Dispose();
            _connections[which] = null;
        }

        try
        {
            return _connections[which] = new PipelinedConnection(tracker);
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>What is under way there will have no answer.</summary>
    private void Break(int which, long start, LoadTally tally)
    {
        if (_connections[which] is not { UnderWay: > 0 and var underWay })
            return;
        tally.Failed += underWay;
        tally.Broken.Add((which, Stopwatch.GetElapsedTime(start).TotalSeconds, underWay));
    }

    private void Close()
    {
        Dispose();
        Array.Clear(_connections);
    }
}
