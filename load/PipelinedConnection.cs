using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Pbts.Load;

/// <summary>
/// A connection to a tracker that is kept, with any number of announces under way (pipelining, RFC 9112 section 9.3.2).
/// Nothing here waits: what the socket does not take stays, what has not come is looked for again.
/// </summary>
public sealed class PipelinedConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
    {
        NoDelay = true,

        // What the tracker does not read is to wait here, where it is seen, not in the kernel.
        SendBufferSize = 32 * 1024,
    };

    private readonly byte[] _out;
    private readonly byte[] _in;
    private readonly Queue<(long EndsAt, long Due)> _unsent = new();
    private readonly Queue<(long Written, long Due)> _sent = new();
    private (int Start, int End) _outgoing, _incoming;
    private long _bytesAdded, _bytesSent;

    /// <param name="buffer">Bytes of requests that wait to be sent, and of an answer that is not whole yet.</param>
    public PipelinedConnection(IPEndPoint tracker, int buffer = 64 * 1024)
    {
        (_out, _in) = (new byte[buffer], new byte[buffer]);
        _socket.Connect(tracker);
        _socket.Blocking = false;
    }

    /// <summary>Announces without an answer yet.</summary>
    public int UnderWay => _unsent.Count + _sent.Count;

    /// <summary>Set once the tracker has said that it closes the connection, or has broken it.</summary>
    public bool Closed { get; private set; }

    public int Descriptor => (int)_socket.Handle;

    public void Dispose() => _socket.Dispose();

    /// <summary>Where to write the next announce; empty when the socket is behind.</summary>
    public Span<byte> Room()
    {
        if (_outgoing.Start == _outgoing.End)
            _outgoing = default;
        return _out.Length - _outgoing.End >= AnnounceText.MaxLength ? _out.AsSpan(_outgoing.End) : default;
    }

    /// <param name="length">Bytes written to <see cref="Room"/>.</param>
    /// <param name="due">When the announce should have been made.</param>
    public void Add(int length, long due)
    {
        _outgoing.End += length;
        _bytesAdded += length;
        _unsent.Enqueue((_bytesAdded, due));
    }

    /// <summary>Sends what the socket takes and reads what has come.</summary>
    /// <returns>Whether there was anything to do.</returns>
    public bool Exchange(LoadTally tally)
    {
        var moved = _outgoing.Start < _outgoing.End && Send();
        return Receive(tally) || moved;
    }

    /// <summary>Sends what the socket takes.</summary>
    /// <returns>Whether it took anything.</returns>
    public bool Send()
    {
        var count = _socket.Send(_out.AsSpan(_outgoing.Start.._outgoing.End), SocketFlags.None, out var error);
        if (error != SocketError.Success)
        {
            Closed |= error != SocketError.WouldBlock;
            return false;
        }

        _outgoing.Start += count;
        _bytesSent += count;
        for (var now = Stopwatch.GetTimestamp(); _unsent.TryPeek(out var next) && next.EndsAt <= _bytesSent; _unsent.Dequeue())
            _sent.Enqueue((now, next.Due));
        return true;
    }

    /// <summary>Reads what has come.</summary>
    /// <returns>Whether anything had.</returns>
    public bool Receive(LoadTally tally)
    {
        var count = _socket.Receive(_in.AsSpan(_incoming.End), SocketFlags.None, out var error);
        if (error != SocketError.Success || count == 0)
        {
            Closed |= error != SocketError.WouldBlock;
            return false;
        }

        var now = Stopwatch.GetTimestamp();
        _incoming.End += count;
        while (TryTake(out var answer))
        {
            if (!_sent.TryDequeue(out var asked))
                throw new InvalidDataException("The tracker answered more than it was asked.");
            if (answer == AnnounceAnswer.Failed)
            {
                tally.Failed++;
            }
            else if (answer == AnnounceAnswer.Shed)
            {
                tally.Shed.Add(now - asked.Written);
            }
            else
            {
                tally.Served.Add(now - asked.Written);
                tally.ServedSinceDue.Add(now - asked.Due);
            }
        }

        _in.AsSpan(_incoming.Start.._incoming.End).CopyTo(_in);
        _incoming = (0, _incoming.End - _incoming.Start);
        return true;
    }

    private bool TryTake(out AnnounceAnswer answer)
    {
        var length = AnnounceAnswers.Take(_in.AsSpan(_incoming.Start.._incoming.End), out answer, out var closes);
        Closed |= closes;
        _incoming.Start += length;
        return length > 0;
    }
}
