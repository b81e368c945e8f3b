using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;

namespace Pbts.Peer.Gate;

/// <summary>
/// One direction of a connection: reads messages of the peer wire (BEP 3) and passes them on, most of them unseen. A message
/// that is passed need not be in memory whole, so that blocks go on as they come.
/// </summary>
/// <param name="from">What is read.</param>
/// <param name="filter">Sees the messages.</param>
/// <param name="write">Passes bytes on; told whether they end with a message.</param>
internal sealed class WirePump(Socket from, IWireFilter filter, Func<ReadOnlyMemory<byte>, bool, CancellationToken, ValueTask> write)
{
    /// <summary>Bytes of a message that the filter may ask for at most: an extended handshake, or a bitfield of half a million pieces.</summary>
    public const int MaxHead = (64 << 10) + 6;

    private const int BufferLength = 64 << 10;
    private const int LengthPrefix = 4;

    private byte[] _buffer = [];

    /// <summary>What was read and is not written: from here.</summary>
    private int _start;

    /// <summary>Where the next message begins, or where what is known of the one under way ends.</summary>
    private int _position;

    private int _end;

    /// <summary>Bytes of the message under way that are still to come.</summary>
    private long _rest;

    private bool _dropping;

    /// <summary>When something came last.</summary>
    public long LastRead { get; private set; } = TimeProvider.System.GetTimestamp();

    /// <summary>Since when a write has been under way; 0 when none is.</summary>
    public long WriteSince { get; private set; }

    /// <summary>Works until the other side ends, or an exception says why not.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    return;
                LastRead = TimeProvider.System.GetTimestamp();
                _end += count;
                var wanted = await ReadAsync(cancellationToken).ConfigureAwait(false);
                await FlushAsync(cancellationToken).ConfigureAwait(false);
                MakeRoom(wanted);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    /// <summary>Deals with what is in the buffer; gives how many bytes the next message needs.</summary>
    private async ValueTask<int> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_rest > 0)
            {
                var take = (int)Math.Min(_rest, _end - _position);
                (_position, _rest) = (_position + take, _rest - take);
                if (_dropping)
                    _start = _position;
                if (_rest > 0)
                    return 0;
                if (!_dropping)
                    filter.OnPassed();
                _dropping = false;
            }

            var available = _buffer.AsMemory(_position, _end - _position);
            if (available.Length < LengthPrefix)
                return LengthPrefix;
            var length = (long)BinaryPrimitives.ReadUInt32BigEndian(available.Span);
            if (length == 0)
            {
                _position += LengthPrefix;
                continue;
            }

            var head = (int)Math.Min(filter.HeadLength(available.Span, length + LengthPrefix), length + LengthPrefix);
            if (available.Length < head)
                return head;
            switch (filter.OnMessage(available[..head], length, out var instead))
            {
                case WireVerdict.Pass:
                    _rest = length + LengthPrefix;
                    break;
                case WireVerdict.Wait:
                    await FlushAsync(cancellationToken).ConfigureAwait(false);
                    await filter.WaitAsync(cancellationToken).ConfigureAwait(false);
                    break;
                case WireVerdict.Drop:
                    await FlushAsync(cancellationToken).ConfigureAwait(false);
                    if (instead is not null)
                        await WriteAsync(instead, endsMessage: true, cancellationToken).ConfigureAwait(false);
                    (_rest, _dropping) = (length + LengthPrefix, true);
                    break;
            }
        }
    }

    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_start == _position)
            return;
        await WriteAsync(_buffer.AsMemory(_start, _position - _start), _rest == 0, cancellationToken).ConfigureAwait(false);
        _start = _position;
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, bool endsMessage, CancellationToken cancellationToken)
    {
        WriteSince = TimeProvider.System.GetTimestamp();
        await write(bytes, endsMessage, cancellationToken).ConfigureAwait(false);
        WriteSince = 0;
    }

    private void MakeRoom(int wanted)
    {
        var kept = _end - _position;
        if (wanted > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(wanted);
            _buffer.AsSpan(_position, kept).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else if (_position > 0)
        {
            _buffer.AsSpan(_position, kept).CopyTo(_buffer);
        }

        (_start, _position, _end) = (0, 0, kept);
    }
}
