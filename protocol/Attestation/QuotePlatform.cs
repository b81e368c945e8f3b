namespace Pbts.Protocol.Attestation;

/// <summary>Which collateral a quote needs.</summary>
/// <param name="Kind">SGX and TDX have lists of their own.</param>
/// <param name="Fmspc">The platform family, twelve hexadecimal digits.</param>
/// <param name="Authority"><c>platform</c> or <c>processor</c>: which of Intel's authorities issued the PCK certificate.</param>
public sealed record QuotePlatform(TeeKind Kind, string Fmspc, string Authority);
