namespace Pbts.GrainInterfaces.Settings;

/// <summary>How far the tracker uses the trusted machine it runs in; its text in settings, SQL and JSON is that of <see cref="Protocol.EnumText"/>.</summary>
public enum TeeMode
{
    /// <summary>Nothing is asked of any machine.</summary>
    Disabled,

    /// <summary>Keys come from the machine.</summary>
    Enabled,

    /// <summary>Keys come from the machine when a request says so.</summary>
    Benchmark,
}
