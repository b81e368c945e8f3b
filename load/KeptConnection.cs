using System.Net;
using System.Net.Sockets;

namespace Pbts.Load;

/// <summary>One connection to a tracker that is kept. Requests are written as they are; answers are taken apart just enough.</summary>
public sealed class KeptConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;

    public static async Task<KeptConnection> OpenAsync(IPEndPoint tracker)
    {
        var connection = new KeptConnection();
        await connection._socket.ConnectAsync(tracker);
        return connection;
    }

    public async ValueTask SendAsync(ReadOnlyMemory<byte> requests)
    {
        while (requests.Length > 0)
            requests = requests[await _socket.SendAsync(requests)..];
    }

    /// <summary>The next answer.</summary>
    /// <exception cref="IOException">The tracker closed the connection.</exception>
    public async ValueTask<AnnounceAnswer> ReceiveAsync()
    {
        AnnounceAnswer answer;
        while (!TryTake(out answer))
            Took(await _socket.ReceiveAsync(_buffer.AsMemory(_end)));
        return answer;
    }

    /// <summary>Sends one request and waits for its answer on this thread.</summary>
    /// <exception cref="IOException">The tracker closed the connection.</exception>
    public AnnounceAnswer Exchange(ReadOnlySpan<byte> request)
    {
        _socket.Send(request);
        AnnounceAnswer answer;
        while (!TryTake(out answer))
            Took(_socket.Receive(_buffer.AsSpan(_end)));
        return answer;
    }

    public void Dispose() => _socket.Dispose();

    /// <summary>Takes the first answer there is; where none is whole yet, makes room for the rest of it.</summary>
    private bool TryTake(out AnnounceAnswer answer)
    {
        var length = AnnounceAnswers.Take(_buffer.AsSpan(_start.._end), out answer, out _);
        _start += length;
        if (length == 0 && _start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        return length > 0;
    }

    private void Took(int count) => _end += count > 0 ? count : throw new IOException("The tracker closed the connection.");
}
