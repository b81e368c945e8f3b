namespace Pbts.Local.Processes;

/// <summary>Signals by their numbers on Linux (signal(7)).</summary>
public enum Signal
{
    /// <summary>Read your configuration again.</summary>
    Hangup = 1,

    /// <summary>Stop; PostgreSQL disconnects its clients and ends cleanly.</summary>
    Interrupt = 2,

    /// <summary>Stop at once; PostgreSQL recovers at its next start.</summary>
    Quit = 3,

    /// <summary>End without a word.</summary>
    Kill = 9,

    /// <summary>Stop in order.</summary>
    Terminate = 15,

    /// <summary>Go on.</summary>
    Continue = 18,

    /// <summary>Stay where you are.</summary>
    Stop = 19,
}
