using System.Net;

namespace Pbts.Api.Connections;

/// <summary>What a connection waits for.</summary>
internal enum ConnectionState
{
    /// <summary>The next request, or the rest of one.</summary>
    Reading,

    /// <summary>An answer that takes its time: a swarm elsewhere, the database.</summary>
    Answering,

    /// <summary>The client, to take what it was sent.</summary>
    Sending,

    /// <summary>The client, to close: it got its last answer, and what it still sends is thrown away.</summary>
    Ending,
}

/// <summary>A client's connection, touched by its loop's thread alone.</summary>
/// <param name="client">The socket's remote address.</param>
internal sealed class TrackerConnection(int descriptor, IPAddress client, TrackerListener listener)
{
    public int Descriptor => descriptor;

    public IPAddress Client => client;

    /// <summary>Where it came in.</summary>
    public TrackerListener Listener => listener;

    public ConnectionState State { get; set; }

    /// <summary>A loop waits for it, for <see cref="Events"/>.</summary>
    public bool Watched { get; set; }

    public int Events { get; set; }

    /// <summary>An answer is on its way; no further request is looked at before.</summary>
    public bool Pending { get; set; }

    /// <summary>It is no longer the loop's: closed, or the HTTP server's.</summary>
    public bool Gone { get; set; }

    /// <summary>Since when it has been ready and waits for its turn, in <see cref="System.Diagnostics.Stopwatch"/> ticks; 0: it does not.</summary>
    public long WaitsSince { get; set; }

    /// <summary>Which of the connections that have had this descriptor in its loop it is.</summary>
    public int Generation { get; set; }

    /// <summary>More may be there to read, of which the poller will not tell: the last read took all it could, or the client's end came with it.</summary>
    public bool Unread { get; set; }

    /// <summary>The client has said that it sends no more; what it sent before may still be unread.</summary>
    public bool HalfClosed { get; set; }

    /// <summary>The line in which it is silent, its neighbours there, and since when it is.</summary>
    public SilentLine? Line { get; set; }

    public TrackerConnection? Before { get; set; }

    public TrackerConnection? After { get; set; }

    public long SilentSince { get; set; }

    /// <summary>A request of it has been answered.</summary>
    public bool Answered { get; set; }

    /// <summary>When the last request was answered, or else the connection taken, in <see cref="System.Diagnostics.Stopwatch"/> ticks.</summary>
    public long Active { get; set; }

    /// <summary>Received, and not used yet.</summary>
    public ReadOnlyMemory<byte> Held { get; set; }

    /// <summary>Answers the client did not take yet.</summary>
    public ReadOnlyMemory<byte> Unsent { get; set; }

    /// <summary>The connection ends once everything is sent.</summary>
    public bool Last { get; set; }
}
