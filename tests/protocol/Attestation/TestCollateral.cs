namespace Pbts.Attestation.Tests;

/// <summary>How made-up collateral differs from one that is all right.</summary>
internal sealed record TestCollateral
{
    public bool Tdx { get; init; } = true;
    public string Status { get; init; } = "UpToDate";
    public string[] Advisories { get; init; } = [];
    public string QeStatus { get; init; } = "UpToDate";
    public string QeSigner { get; init; } = "77";
    public string Fmspc { get; init; } = TestPlatform.Fmspc;
    public int RequiredSvn { get; init; } = 3;
    public DateTimeOffset? IssueDate { get; init; }
    public DateTimeOffset? NextUpdate { get; init; }
    public DateTimeOffset? ListsUntil { get; init; }
    public bool RevokePck { get; init; }
    public bool RevokeAuthority { get; init; }
    public bool RevokeSigner { get; init; }
    public bool ForgePckList { get; init; }
    public string? Signers { get; init; }

    /// <summary>Of the newest level of TDX module 1; null where the collateral knows of no module's own levels.</summary>
    public string? ModuleStatus { get; init; }
    public string ModuleSigner { get; init; } = "0";
}
