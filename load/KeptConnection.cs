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
        while (true)
        {
            if (TryTake(out var answer))
                return answer;
            if (_start > 0)
            {
                _buffer.AsSpan(_start.._end).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            var count = await _socket.ReceiveAsync(_buffer.AsMemory(_end));
            if (count == 0)
                throw new IOException("The tracker closed the connection.");
            _end += count;
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool TryTake(out AnnounceAnswer answer)
    {
        var length = AnnounceAnswers.Take(_buffer.AsSpan(_start.._end), out answer, out _);
        _start += length;
        return length > 0;
    }
}
