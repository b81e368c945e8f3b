using Pbts.Protocol;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>A member that is taken over by the proof it brought.</summary>
[GenerateSerializer, Immutable, Alias("pbts.ClaimView")]
public sealed record ClaimView
{
    [Id(0)] private string _state = "";

    /// <summary>How it stands.</summary>
    public required ClaimState State { get => EnumText.Parse<ClaimState>(_state); init => _state = value.ToText(); }

    /// <summary>The contract it is taken into.</summary>
    [Id(1)] public required string Contract { get; init; }

    /// <summary>Which root of the contract before it rests on.</summary>
    [Id(2)] public required long Sequence { get; init; }

    /// <summary>Bytes given, which are credited.</summary>
    [Id(3)] public required long Up { get; init; }

    /// <summary>Bytes taken, likewise.</summary>
    [Id(4)] public required long Down { get; init; }

    /// <summary>The id of its transaction.</summary>
    [Id(5)] public required Guid Transaction { get; init; }

    /// <summary>Why it was refused.</summary>
    [Id(6)] public string? Reason { get; init; }
}
