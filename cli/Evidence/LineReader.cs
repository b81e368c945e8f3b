using Pbts.Protocol.Evidence;

namespace Pbts.Cli.Evidence;

/// <summary>Reads a stream line by line as bytes, whatever they are. A line beyond any that can be meant is given as an empty one.</summary>
internal sealed class LineReader(Stream stream)
{
    private byte[] _buffer = new byte[64 << 10];
    private int _start;
    private int _end;
    private bool _isOver;

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>The next line without its end, valid until the next call; <c>false</c> after the last.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        var tooLong = false;
        for (var searched = 0; ;)
        {
            var at = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (at >= 0 || _isOver)
            {
                var length = at >= 0 ? searched + at : _end - _start;
                line = tooLong ? default : _buffer.AsSpan(_start, length);
                var isLine = at >= 0 || length > 0 || tooLong;
                _start = Math.Min(_end, _start + length + 1);
                return isLine;
            }

            searched = _end - _start;
            if (searched > SealedLine.MaxLength)
                (tooLong, _start, searched) = (true, _end, 0);
            Fill();
        }
    }

    private void Fill()
    {
        if (_start > 0)
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_end, _start) = (_end - _start, 0);
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = stream.Read(_buffer.AsSpan(_end));
        Position += read;
        _end += read;
        _isOver = read == 0;
    }
}
