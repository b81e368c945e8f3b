namespace Pbts.GrainInterfaces.Users;

/// <summary>What the operator sets for one member.</summary>
/// <param name="Setting">Which of the two.</param>
/// <param name="Value">Null: as for the others. Trust is 0 to 1, invites a whole number up to <see cref="MaxInvites"/>.</param>
[GenerateSerializer, Immutable, Alias("pbts.MemberChange")]
public readonly record struct MemberChange([property: Id(0)] MemberSetting Setting, [property: Id(1)] double? Value)
{
    /// <summary>Most others that one member may invite.</summary>
    public const int MaxInvites = 10_000;
}

/// <summary>What the operator can set for one member.</summary>
public enum MemberSetting
{
    /// <summary>How far it may owe more than it gave.</summary>
    Trust,

    /// <summary>How many others it may invite in all.</summary>
    Invites,
}
