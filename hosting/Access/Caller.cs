namespace Pbts.Hosting.Access;

/// <summary>Who may call an endpoint.</summary>
public enum Caller
{
    /// <summary>Everybody; what limits them is a matter of what it costs.</summary>
    Anybody,

    /// <summary>Whoever the settings let (<c>Administration:KeyEndpoints</c>).</summary>
    AsSet,

    /// <summary>Members by themselves, with their passkey or a signature, and the administration; the handler asks.</summary>
    Member,

    /// <summary>The software of a site, with the key of its dialect.</summary>
    Site,

    /// <summary>The administration alone.</summary>
    Administration,
}
