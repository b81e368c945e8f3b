using Pbts.Protocol.Attestation;

namespace Pbts.GrainInterfaces.Tee;

/// <summary>The trusted machine the tracker runs in, for the whole cluster. The key is always 0.</summary>
[Alias("pbts.ITeeGrain")]
public interface ITeeGrain : IGrainWithIntegerKey
{
    /// <summary>The mode in force, whether the agent answers, and what has been done.</summary>
    [Alias("Status"), ResponseTimeout("00:01:30")]
    Task<TeeStatus> GetStatusAsync();

    /// <summary>A BLS key: of the machine's secrets, the same for the same salt, or a fresh one.</summary>
    /// <param name="salt">Names the key; already checked.</param>
    /// <param name="derived">Whether it comes from the machine; null: in mode <c>enabled</c>, not in <c>benchmark</c>.</param>
    [Alias("GenerateKey"), ResponseTimeout("00:01:30")]
    Task<TeeResult<TeeKey>> GenerateKeyAsync(string salt, bool? derived);

    /// <summary>A quote of this machine over the payload and the tracker's keys.</summary>
    /// <param name="purpose">What it is for.</param>
    /// <param name="payload">At most <see cref="AttestationClaims.MaxPayload"/> bytes.</param>
    /// <param name="nonce">32 bytes.</param>
    [Alias("Attest"), ResponseTimeout("00:01:30")]
    Task<TeeResult<TeeAttestation>> AttestAsync(AttestationPurpose purpose, byte[] payload, byte[] nonce);

    /// <summary>Sets the counters back to zero.</summary>
    [Alias("ResetStatistics")]
    Task ResetStatisticsAsync();
}
