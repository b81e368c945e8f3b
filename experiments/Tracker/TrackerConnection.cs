using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using Pbts.Bench.Load;

namespace Pbts.Experiments.Tracker;

/// <summary>One connection to a tracker that is kept. Requests are written as they are; answers are taken apart just enough.</summary>
internal sealed class TrackerConnection : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[32 * 1024];
    private int _start;
    private int _end;

    public static async Task<TrackerConnection> OpenAsync(IPEndPoint tracker)
    {
        var connection = new TrackerConnection();
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
        answer = AnnounceAnswer.Failed;
        var bytes = _buffer.AsSpan(_start.._end);
        var head = bytes.IndexOf("\r\n\r\n"u8);
        if (head < 0)
            return false;
        var name = "Content-Length: "u8;
        var at = bytes[..head].IndexOf(name);
        if (at < 0 || !Utf8Parser.TryParse(bytes[(at + name.Length)..], out int length, out _))
            throw new IOException("The answer has no length.");
        if (bytes.Length < head + 4 + length)
            return false;
        var body = bytes.Slice(head + 4, length);
        answer = body.IndexOf("8:retry in"u8) >= 0 ? AnnounceAnswer.Shed
            : body.StartsWith("d8:complete"u8) ? AnnounceAnswer.Served : AnnounceAnswer.Failed;
        _start += head + 4 + length;
        return true;
    }
}
