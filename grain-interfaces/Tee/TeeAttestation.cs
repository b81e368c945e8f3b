namespace Pbts.GrainInterfaces.Tee;

/// <summary>An attestation of the tracker.</summary>
/// <param name="Document">The quote with its claims (<see cref="Pbts.Protocol.Attestation.AttestationDocument"/>).</param>
/// <param name="Milliseconds">What making it took.</param>
[GenerateSerializer, Immutable, Alias("pbts.TeeAttestation")]
public sealed record TeeAttestation([property: Id(0)] byte[] Document, [property: Id(1)] double Milliseconds);
