namespace Pbts.Grains.Swarms;

/// <summary>How many swarms and peers this silo holds; kept up by the swarms themselves.</summary>
internal sealed class SwarmCensus
{
    private long _swarms;
    private long _peers;

    public long Swarms => Volatile.Read(ref _swarms);

    public long Peers => Volatile.Read(ref _peers);

    public void Change(int swarms, int peers)
    {
        if (swarms != 0)
            Interlocked.Add(ref _swarms, swarms);
        if (peers != 0)
            Interlocked.Add(ref _peers, peers);
    }
}
