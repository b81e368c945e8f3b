namespace Pbts.Grains.Swarms;

/// <summary>
/// When peers of one kind last left the swarm, remembered just far enough to say of any session whether one that is not its
/// own has left since.
/// </summary>
internal struct Departures
{
    private Session? _owner;
    private uint _last;
    private uint _lastOfOthers;

    /// <param name="owner">Whose peer it was; null: nobody's in particular, and so another one each time.</param>
    /// <param name="turn">The swarm's turn in which it left.</param>
    public void Note(Session? owner, uint turn)
    {
        if (owner is null || owner != _owner)
            (_owner, _lastOfOthers) = (owner, _last);
        _last = turn;
    }

    /// <summary>Whether somebody else's peer has left since this session announced last: it was there at some moment.</summary>
    public readonly bool Since(Session session) => (session == _owner ? _lastOfOthers : _last) > session.Turn;
}
