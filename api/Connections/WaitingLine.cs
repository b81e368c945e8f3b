namespace Pbts.Api.Connections;

/// <summary>Connections that are ready, in the order in which they became so; taken from either end.</summary>
internal sealed class WaitingLine
{
    private readonly List<TrackerConnection> _line = [];
    private int _first;

    public int Count => _line.Count - _first;

    public TrackerConnection Oldest => _line[_first];

    public void Add(TrackerConnection connection) => _line.Add(connection);

    public TrackerConnection TakeNewest()
    {
        var newest = _line[^1];
        _line.RemoveAt(_line.Count - 1);
        Tidy();
        return newest;
    }

    public TrackerConnection TakeOldest()
    {
        var oldest = _line[_first++];
        Tidy();
        return oldest;
    }

    private void Tidy()
    {
        if (_first < _line.Count && _first < 4096)
            return;
        _line.RemoveRange(0, _first);
        _first = 0;
    }
}
