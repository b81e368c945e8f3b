using System.Security.Cryptography.X509Certificates;

namespace Pbts.Protocol.Attestation;

/// <summary>What a quote must be to be accepted.</summary>
public sealed record QuotePolicy
{
    /// <summary>Names of the measurements a policy may ask for; the last two are of SGX, the others of TDX.</summary>
    public static IReadOnlyList<string> MeasurementNames { get; } =
        ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3", "mrseam", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd", "mrenclave", "mrsigner"];

    /// <summary>Where the certificates must end.</summary>
    public X509Certificate2 Root { get; init; } = IntelRoot.Certificate;

    /// <summary>Which platforms are accepted; <see cref="TcbStatus.Unknown"/> among them accepts a quote without collateral.</summary>
    public IReadOnlySet<TcbStatus> AcceptedTcb { get; init; } = new HashSet<TcbStatus> { TcbStatus.UpToDate };

    /// <summary>Measurements by name and the values accepted of each; a quote that lacks a named one is refused.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Measurements { get; init; } = new Dictionary<string, IReadOnlyList<byte[]>>();

    /// <summary>Whether quotes of debuggable programs are accepted; for development only.</summary>
    public bool AllowDebug { get; init; }
}
