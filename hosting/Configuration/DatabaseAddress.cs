using Npgsql;

namespace Pbts.Hosting.Configuration;

/// <summary>The database's connection string: of one server, or of several of which one at a time takes writes.</summary>
public static class DatabaseAddress
{
    /// <summary>Seconds until a server that was standing by, or away, is looked at again; unless the operator says otherwise.</summary>
    private const int Recheck = 3;

    /// <summary>Seconds that a server of several may take to let a connection in: while it is away, each look at it takes that long.</summary>
    private const int LongestWait = 2;

    /// <returns>Null, or what is wrong, to follow the setting's name. It quotes nothing: a password may be anywhere in the text.</returns>
    public static string? Check(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            return "is missing: give an Npgsql connection string, for example \"Host=127.0.0.1;Database=pbts;Username=pbts\", or run ./pbts up, which starts a database of its own.";
        if (TryParse(text) is not { } settings)
            return "is no Npgsql connection string: give one such as \"Host=127.0.0.1;Database=pbts;Username=pbts\", with quotes around values that contain a semicolon.";
        if (settings.TargetSessionAttributes is "primary" or "read-write")
            return null;
        if (HasSeveral(settings))
            return "names several hosts: write \"Target Session Attributes=primary\" into it as well, or a standby might be asked to write.";
        return settings.TargetSessionAttributes is null or "any" ? null : "has Target Session Attributes of a standby: the tracker writes, so it must be primary or read-write.";
    }

    /// <summary>
    /// The same with what several hosts need: a standby that has been promoted, and a primary that is gone, are noticed within
    /// seconds, and a primary that has been made read-only is none. Text that is no connection string comes back as it was.
    /// </summary>
    public static string Complete(string text)
    {
        if (TryParse(text) is not { } settings)
            return text;
        if (!HasSeveral(settings))
        {
            if (settings.TargetSessionAttributes is null)
                return text;
            // Npgsql knows it for several hosts alone; here it is what is left of a list.
            settings.TargetSessionAttributes = null;
            return settings.ConnectionString;
        }

        var defaults = new NpgsqlConnectionStringBuilder();
        if (settings.HostRecheckSeconds == defaults.HostRecheckSeconds)
            settings.HostRecheckSeconds = Recheck;
        settings.Timeout = settings.Timeout is 0 ? LongestWait : Math.Min(settings.Timeout, LongestWait);
        if (settings.TargetSessionAttributes == "primary")
            settings.TargetSessionAttributes = "read-write";
        return settings.ConnectionString;
    }

    /// <summary>Whether it names several servers.</summary>
    public static bool HasSeveral(NpgsqlConnectionStringBuilder settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Host?.Contains(',', StringComparison.Ordinal) == true;
    }

    private static NpgsqlConnectionStringBuilder? TryParse(string text)
    {
        try
        {
            return new(text);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
