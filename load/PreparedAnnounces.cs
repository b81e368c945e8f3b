namespace Pbts.Load;

/// <summary>Announces written ahead, in turn: a generator that composes each anew cannot offer many times what a tracker serves.</summary>
public sealed class PreparedAnnounces
{
    private readonly byte[] _text;
    private readonly int[] _ends;

    public PreparedAnnounces(int count, Func<int, Span<byte>, int> write)
    {
        _text = new byte[count * AnnounceText.MaxLength];
        _ends = new int[count];
        for (var (i, end) = (0, 0); i < count; i++)
            _ends[i] = end += write(i, _text.AsSpan(end));
    }

    public int Write(int number, Span<byte> room)
    {
        var which = number % _ends.Length;
        var request = _text.AsSpan((which == 0 ? 0 : _ends[which - 1]).._ends[which]);
        request.CopyTo(room);
        return request.Length;
    }
}
