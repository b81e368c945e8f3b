namespace Pbts.Cli.Commands;

/// <summary>What the command's exit codes mean. Scripts rely on them.</summary>
internal static class ExitCodes
{
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
