namespace Pbts.Protocol.Attestation;

/// <summary>What an attestation was made for, so that one made for one thing cannot pass for another.</summary>
public enum AttestationPurpose : byte
{
    /// <summary>Somebody asked the tracker to prove itself.</summary>
    Challenge = 0,

    /// <summary>The tracker creates a Reputation contract.</summary>
    Contract = 1,

    /// <summary>A member's program proves itself when it registers.</summary>
    Registration = 2,
}
