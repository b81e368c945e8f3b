namespace Pbts.GrainInterfaces.Tee;

/// <summary>A BLS key pair. Never logged: it prints as its public key.</summary>
/// <param name="Secret">32 bytes.</param>
/// <param name="PublicKey">48 bytes.</param>
/// <param name="Path">Where it was derived; null for a fresh one, which nobody can make again.</param>
/// <param name="Milliseconds">What making it took.</param>
[GenerateSerializer, Immutable, Alias("pbts.TeeKey")]
public sealed record TeeKey(
    [property: Id(0)] byte[] Secret, [property: Id(1)] byte[] PublicKey, [property: Id(2)] string? Path, [property: Id(3)] double Milliseconds)
{
    /// <inheritdoc/>
    public override string ToString() => $"key pair of {Convert.ToHexStringLower(PublicKey)}";
}
