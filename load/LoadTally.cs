namespace Pbts.Load;

/// <summary>What became of the announces of one run.</summary>
public sealed class LoadTally
{
    /// <summary>From the socket's taking the last byte of a request to its answer, of announces that were served.</summary>
    public LatencyHistogram Served { get; } = new();

    /// <summary>The same from the moment at which the announce was due: with the time it waited for room in the socket.</summary>
    public LatencyHistogram ServedSinceDue { get; } = new();

    /// <summary>As <see cref="Served"/>, of announces that were told to come back.</summary>
    public LatencyHistogram Shed { get; } = new();

    /// <summary>From one look at all connections to the next: what the generator itself may add to a time.</summary>
    public LatencyHistogram Looks { get; } = new();

    /// <summary>Announces that met a failure, a broken connection or no answer.</summary>
    public long Failed { get; set; }

    /// <summary>Announces that were due, yet after a second the socket still had no room for them: a client would have gone.</summary>
    public long NeverSent { get; set; }

    /// <summary>Connections that ended with announces under way: which, after how many seconds, how many.</summary>
    public List<(int Connection, double Seconds, int UnderWay)> Broken { get; } = [];

    /// <summary>When no more requests were made; answers came still. A timestamp of the stopwatch.</summary>
    public long Ended { get; set; }

    /// <summary>Seconds from the beginning to <see cref="Ended"/>.</summary>
    public double Seconds { get; set; }

    public long NotServed => Shed.Count + Failed + NeverSent;

    public long Offered => Served.Count + NotServed;
}
