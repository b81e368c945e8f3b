namespace Pbts.Protocol.Attestation;

/// <summary>How up to date a platform is, in the words of Intel's collateral.</summary>
public enum TcbStatus
{
    /// <summary>Nobody knows: there is no collateral.</summary>
    Unknown,
    UpToDate,
    SWHardeningNeeded,
    ConfigurationNeeded,
    ConfigurationAndSWHardeningNeeded,
    OutOfDate,
    OutOfDateConfigurationNeeded,
    Revoked,
}
