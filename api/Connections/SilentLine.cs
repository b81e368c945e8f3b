namespace Pbts.Api.Connections;

/// <summary>Connections of which something is awaited, who has been silent longest first. Each is in one line at most.</summary>
internal sealed class SilentLine
{
    private TrackerConnection? _newest;

    public TrackerConnection? Oldest { get; private set; }

    /// <summary>The connection is silent from now on; a line that it was in before, it leaves.</summary>
    /// <param name="since">Counts as that of whoever entered before it, if that is later.</param>
    public void Enter(TrackerConnection connection, long since)
    {
        Leave(connection);
        (connection.Line, connection.SilentSince, connection.Before) = (this, Math.Max(since, _newest?.SilentSince ?? since), _newest);
        if (_newest is null)
            Oldest = connection;
        else
            _newest.After = connection;
        _newest = connection;
    }

    /// <summary>The connection leaves the line it is in.</summary>
    public static void Leave(TrackerConnection connection)
    {
        if (connection.Line is not { } line)
            return;
        if (connection.Before is { } before)
            before.After = connection.After;
        else
            line.Oldest = connection.After;
        if (connection.After is { } after)
            after.Before = connection.Before;
        else
            line._newest = connection.Before;
        (connection.Line, connection.Before, connection.After) = (null, null, null);
    }
}
