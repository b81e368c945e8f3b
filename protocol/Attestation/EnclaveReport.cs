using System.Buffers.Binary;

namespace Pbts.Protocol.Attestation;

/// <summary>An SGX enclave's report (Intel SDM volume 3D, REPORT): the 384 bytes that are signed.</summary>
public sealed class EnclaveReport
{
    /// <summary>Bytes of a report.</summary>
    public const int Size = 384;

    private readonly byte[] _bytes;

    internal EnclaveReport(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>The report as it is signed.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    public ReadOnlySpan<byte> MiscSelect => _bytes.AsSpan(16, 4);

    /// <summary>Flags (8 bytes) and XFRM (8 bytes).</summary>
    public ReadOnlySpan<byte> Attributes => _bytes.AsSpan(48, 16);

    /// <summary>Hash of the enclave's code and initial data.</summary>
    public ReadOnlySpan<byte> MrEnclave => _bytes.AsSpan(64, 32);

    /// <summary>Hash of the key that signed the enclave.</summary>
    public ReadOnlySpan<byte> MrSigner => _bytes.AsSpan(128, 32);

    public ushort ProductId => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(256));

    /// <summary>Security version of the enclave.</summary>
    public ushort SecurityVersion => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(258));

    /// <summary>The 64 bytes the enclave has chosen.</summary>
    public ReadOnlySpan<byte> ReportData => _bytes.AsSpan(320, 64);

    /// <summary>Whether the enclave's memory can be read from outside.</summary>
    public bool IsDebug => (_bytes[48] & 2) != 0;
}
