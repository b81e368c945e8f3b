namespace Pbts.Cli.Commands;

/// <summary>What the command's exit codes mean. Scripts rely on them.</summary>
internal static class ExitCodes
{
    /// <summary>What the help says of them.</summary>
    public const string Help = """
        Exit codes: 0 success; 1 refused by the tracker, or a check that does not hold; 2 wrong command line;
        3 a file cannot be used; 4 tracker not reached; 5 not finished in time; 130 interrupted.
        """;

    public const int Success = 0;

    /// <summary>The tracker refused, or something that was checked does not hold.</summary>
    public const int Refused = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A file cannot be read or written, or is not what it should be.</summary>
    public const int File = 3;

    /// <summary>The tracker was not reached.</summary>
    public const int Unreachable = 4;

    /// <summary>Not finished in time.</summary>
    public const int TimedOut = 5;

    /// <summary>Stopped by Ctrl-C before it was done.</summary>
    public const int Interrupted = 130;
}
