namespace Pbts.Api.Http;

/// <summary>Who may call an endpoint.</summary>
internal enum Caller
{
    /// <summary>Everybody; what limits them is a matter of what it costs.</summary>
    Anybody,

    /// <summary>Whoever the settings let, see <see cref="Members.KeyEndpointAccess"/>.</summary>
    AsSet,

    /// <summary>Members by themselves, with their passkey or a signature, and the administration; the handler asks.</summary>
    Member,

    /// <summary>The administration alone.</summary>
    Administration,
}
