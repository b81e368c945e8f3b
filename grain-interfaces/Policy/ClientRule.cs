namespace Pbts.GrainInterfaces.Policy;

/// <summary>Whether clients may announce whose peer ids begin with some bytes. While any is allowed, all others are refused; a refusal wins.</summary>
/// <param name="Prefix">1 to 20 bytes.</param>
/// <param name="Allowed">Whether they may.</param>
/// <param name="Reason">What the client is told, 1 to 200 characters.</param>
[GenerateSerializer, Immutable, Alias("pbts.ClientRule")]
public sealed record ClientRule([property: Id(0)] byte[] Prefix, [property: Id(1)] bool Allowed, [property: Id(2)] string? Reason)
{
    /// <summary>Most rules.</summary>
    public const int Most = 10_000;
}
