namespace Pbts.Local;

/// <summary>How a process of an instance is.</summary>
public enum ProcessState
{
    /// <summary>It runs and answers.</summary>
    Ready,

    /// <summary>It runs and does not answer yet.</summary>
    Starting,

    /// <summary>It was started, not stopped, and runs no longer.</summary>
    Stopped,
}
