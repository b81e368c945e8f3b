using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Who may call the endpoints that handle private keys.</summary>
public enum KeyEndpointUse
{
    /// <summary>Programs of the tracker's own user, or root, on its machine.</summary>
    Loopback,

    /// <summary>Everybody; only sensible behind a proxy that adds TLS and access control.</summary>
    On,

    /// <summary>Nobody.</summary>
    Off,
}

/// <summary>Administration. Section <c>Administration</c>.</summary>
public sealed class AdministrationOptions
{
    public const string Section = "Administration";

    /// <summary>Secret that administrators send as <c>Authorization: Bearer</c>; empty: administration by programs of the tracker's own user on its machine only. <c>PBTS_ADMIN_TOKEN</c>.</summary>
    public string Token { get; set; } = "";

    /// <summary>
    /// Whether programs of the tracker's own user (or of root) on its machine administer without the token; not set: where there
    /// is no token. Behind a proxy of the same user it must be off.
    /// </summary>
    public bool? AllowLocal { get; set; }

    /// <summary>What <see cref="AllowLocal"/> comes to.</summary>
    public bool AllowsLocal => AllowLocal ?? Token.Length == 0;

    /// <summary><c>/keygen</c>, <c>/attest</c> and <c>/keygen-tee</c>. <c>PBTS_KEY_ENDPOINTS</c>.</summary>
    public KeyEndpointUse KeyEndpoints { get; set; } = KeyEndpointUse.Loopback;

    /// <summary>
    /// Whether Orleans' dashboard is at <c>/console/orleans</c>. It looks at every call of a grain, so it is off by default; it must
    /// be on in every process of the cluster that is to be seen. <c>PBTS_ORLEANS_DASHBOARD</c>.
    /// </summary>
    public bool OrleansDashboard { get; set; }
}

/// <summary>Refuses to start on a token that could be guessed.</summary>
public sealed class AdministrationOptionsValidator : IValidateOptions<AdministrationOptions>
{
    private const int MinToken = 16;

    public ValidateOptionsResult Validate(string? name, AdministrationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Token.Length is 0 or >= MinToken
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"PBTS_ADMIN_TOKEN (Administration:Token) is too short: it must have at least {MinToken} characters.");
    }
}
