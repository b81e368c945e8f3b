namespace Pbts.Protocol.Attestation;

/// <summary>What the TDX module says of a virtual machine: the body of a TDX quote, version 1.0 (584 bytes) or 1.5 (648 bytes).</summary>
public sealed class TdReport
{
    /// <summary>Bytes of a version 1.0 body.</summary>
    public const int Size10 = 584;

    /// <summary>Bytes of a version 1.5 body.</summary>
    public const int Size15 = 648;

    private readonly byte[] _bytes;

    internal TdReport(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>Security versions of the TDX module and of what lies below it.</summary>
    public ReadOnlySpan<byte> TcbSvn => _bytes.AsSpan(0, 16);

    /// <summary>Hash of the TDX module.</summary>
    public ReadOnlySpan<byte> MrSeam => _bytes.AsSpan(16, 48);

    /// <summary>Signer of the TDX module; zero for Intel's.</summary>
    public ReadOnlySpan<byte> MrSignerSeam => _bytes.AsSpan(64, 48);

    public ReadOnlySpan<byte> SeamAttributes => _bytes.AsSpan(112, 8);

    public ReadOnlySpan<byte> Attributes => _bytes.AsSpan(120, 8);

    /// <summary>Hash of the machine's initial memory: its firmware.</summary>
    public ReadOnlySpan<byte> MrTd => _bytes.AsSpan(136, 48);

    public ReadOnlySpan<byte> MrConfigId => _bytes.AsSpan(184, 48);

    public ReadOnlySpan<byte> MrOwner => _bytes.AsSpan(232, 48);

    public ReadOnlySpan<byte> MrOwnerConfig => _bytes.AsSpan(280, 48);

    /// <summary>The 64 bytes the machine has chosen; at offset 568 of a version 4 quote.</summary>
    public ReadOnlySpan<byte> ReportData => _bytes.AsSpan(520, 64);

    /// <summary>Hash of the service machines bound to this one, which may read or move it; zeros for none, empty in version 1.0 bodies.</summary>
    public ReadOnlySpan<byte> MrServiceTd => _bytes.Length == Size15 ? _bytes.AsSpan(600, 48) : default;

    /// <summary>Whether any of the bits is set that take the machine's secrecy away (TUD, "under debug").</summary>
    public bool IsDebug => Attributes[0] != 0;

    /// <summary>What was measured while the machine booted and ran.</summary>
    /// <param name="index">0 to 3.</param>
    public ReadOnlySpan<byte> Rtmr(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 3);
        return _bytes.AsSpan(328 + (48 * index), 48);
    }
}
