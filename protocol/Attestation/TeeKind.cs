namespace Pbts.Protocol.Attestation;

/// <summary>The trusted hardware a quote speaks for; the numbers are those of the quote's header.</summary>
public enum TeeKind
{
    /// <summary>An SGX enclave.</summary>
    Sgx = 0,

    /// <summary>A TDX virtual machine.</summary>
    Tdx = 0x81,
}
