namespace Pbts.Peer.Exchange;

/// <summary>When a connection last made progress; a monitor closes the ones that make none.</summary>
/// <param name="clock">The clock.</param>
internal sealed class PeerHealth(TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();
    private long _lastReceived = clock.GetTimestamp();
    private long _lastSent = clock.GetTimestamp();
    private long _lastBlock = clock.GetTimestamp();
    private long _lastUseful = clock.GetTimestamp();
    private long _messageStarted;
    private long _writeStarted;

    public void Received() => Volatile.Write(ref _lastReceived, clock.GetTimestamp());

    public void BlockReceived() => Volatile.Write(ref _lastBlock, clock.GetTimestamp());

    /// <summary>A block went, or a wanted one came.</summary>
    public void WasUseful() => Volatile.Write(ref _lastUseful, clock.GetTimestamp());

    public void MessageStarted() => Volatile.Write(ref _messageStarted, clock.GetTimestamp());

    public void MessageEnded() => Volatile.Write(ref _messageStarted, 0);

    public void WriteStarted() => Volatile.Write(ref _writeStarted, clock.GetTimestamp());

    public void WriteEnded()
    {
        Volatile.Write(ref _writeStarted, 0);
        Volatile.Write(ref _lastSent, clock.GetTimestamp());
    }

    /// <summary>Time since the last wanted block, or since blocks were first wanted.</summary>
    public TimeSpan SinceBlock => clock.GetElapsedTime(Volatile.Read(ref _lastBlock));

    public TimeSpan SinceUseful => clock.GetElapsedTime(Volatile.Read(ref _lastUseful));

    public TimeSpan Age => clock.GetElapsedTime(_started);

    public TimeSpan SinceSent => clock.GetElapsedTime(Volatile.Read(ref _lastSent));

    /// <summary>What is wrong with the connection; <c>null</c> when nothing is.</summary>
    public string? Problem(PeerOptions options)
    {
        if (clock.GetElapsedTime(Volatile.Read(ref _lastReceived)) > options.IdleTimeout)
            return "idle";
        if (IsOver(ref _messageStarted, options.MessageTimeout))
            return "message too slow";
        return IsOver(ref _writeStarted, options.MessageTimeout) ? "does not read" : null;
    }

    private bool IsOver(ref long started, TimeSpan limit)
    {
        var since = Volatile.Read(ref started);
        return since != 0 && clock.GetElapsedTime(since) > limit;
    }
}
