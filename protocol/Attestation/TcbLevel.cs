namespace Pbts.Protocol.Attestation;

/// <summary>A status and the security advisories behind it.</summary>
internal sealed record TcbRating(TcbStatus Status, IReadOnlyList<string> Advisories)
{
    /// <summary>Both together: whatever is wrong with either is wrong with the whole.</summary>
    public TcbRating With(TcbRating other)
    {
        bool Any(params ReadOnlySpan<TcbStatus> statuses) => statuses.Contains(Status) || statuses.Contains(other.Status);
        var old = Any(TcbStatus.OutOfDate, TcbStatus.OutOfDateConfigurationNeeded);
        var configuration = Any(TcbStatus.ConfigurationNeeded, TcbStatus.ConfigurationAndSWHardeningNeeded, TcbStatus.OutOfDateConfigurationNeeded);
        var hardening = Any(TcbStatus.SWHardeningNeeded, TcbStatus.ConfigurationAndSWHardeningNeeded);
        var status = (Any(TcbStatus.Revoked), old, configuration, hardening) switch
        {
            (true, _, _, _) => TcbStatus.Revoked,
            (_, true, true, _) => TcbStatus.OutOfDateConfigurationNeeded,
            (_, true, _, _) => TcbStatus.OutOfDate,
            (_, _, true, true) => TcbStatus.ConfigurationAndSWHardeningNeeded,
            (_, _, true, _) => TcbStatus.ConfigurationNeeded,
            (_, _, _, true) => TcbStatus.SWHardeningNeeded,
            _ => TcbStatus.UpToDate,
        };
        return new(status, [.. Advisories.Union(other.Advisories)]);
    }
}

/// <summary>A level of platform security versions and its rating.</summary>
/// <param name="Sgx">Sixteen security versions the platform must reach.</param>
/// <param name="PceSvn">And of the provisioning enclave.</param>
/// <param name="Tdx">Sixteen security versions of the TDX module; empty in SGX levels.</param>
/// <param name="Rating">What a platform is that reaches them.</param>
internal sealed record TcbLevel(byte[] Sgx, int PceSvn, byte[] Tdx, TcbRating Rating);

/// <summary>A level of an enclave or of the TDX module.</summary>
internal sealed record SvnLevel(int Svn, TcbRating Rating);

/// <summary>What a module is expected to be.</summary>
internal sealed record TdxModule(string Id, byte[] MrSigner, byte[] Attributes, byte[] AttributesMask, IReadOnlyList<SvnLevel> Levels);
