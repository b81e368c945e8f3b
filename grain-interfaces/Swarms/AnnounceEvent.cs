namespace Pbts.GrainInterfaces.Swarms;

/// <summary>The <c>event</c> of an announce (BEP 3; <see cref="Paused"/> is BEP 21).</summary>
public enum AnnounceEvent : byte
{
    None,
    Started,
    Completed,
    Stopped,

    /// <summary>A partial seed: incomplete, but not downloading.</summary>
    Paused,
}
