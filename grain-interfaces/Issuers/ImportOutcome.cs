using Pbts.Protocol.Passports;

namespace Pbts.GrainInterfaces.Issuers;

/// <summary>What became of a passport.</summary>
public enum ImportStatus
{
    /// <summary>It counts.</summary>
    Imported,

    /// <summary>It counts in place of an older one of the same issuer.</summary>
    Updated,

    /// <summary>It counted already.</summary>
    Unchanged,

    /// <summary>It counts nothing; <see cref="ImportOutcome.Step"/> says why.</summary>
    Refused,

    /// <summary>Nobody had time to look at it: bring it again.</summary>
    Busy,
}

/// <summary>What became of one passport.</summary>
/// <param name="Step">What does not hold of one that was refused.</param>
/// <param name="Reason">One line.</param>
/// <param name="Issuer">Who vouches for it, by name.</param>
/// <param name="Up">Bytes that count of it.</param>
/// <param name="Down">Bytes that count of it.</param>
[GenerateSerializer, Immutable, Alias("pbts.ImportOutcome")]
public sealed record ImportOutcome(
    [property: Id(0)] ImportStatus Status, [property: Id(1)] PassportStep? Step = null, [property: Id(2)] string? Reason = null, [property: Id(3)] string? Issuer = null,
    [property: Id(4)] long Up = 0, [property: Id(5)] long Down = 0)
{
    /// <summary>Whether a signature was bad, which costs more to find out than a good one.</summary>
    public bool IsForged => Step is PassportStep.IssuerSignature or PassportStep.HolderSignature;
}
