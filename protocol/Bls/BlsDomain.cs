namespace Pbts.Protocol.Bls;

/// <summary>Domain separation tags: signatures made under one never verify under another.</summary>
internal static class BlsDomain
{
    /// <summary>Signatures of this project.</summary>
    public static ReadOnlySpan<byte> Signature => "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"u8;

    /// <summary>Proofs of possession.</summary>
    public static ReadOnlySpan<byte> Possession => "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"u8;
}
