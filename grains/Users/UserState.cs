namespace Pbts.Grains.Users;

/// <summary>What a user grain keeps beyond the users table: the history of its keys.</summary>
[GenerateSerializer, Alias("pbts.UserState")]
internal sealed class UserState
{
    /// <summary>Keys that were replaced, oldest first; the last few.</summary>
    [Id(0)]
    public List<RetiredKey> RetiredKeys { get; set; } = [];

    /// <summary>Times the key has been replaced.</summary>
    [Id(1)]
    public int Rotations { get; set; }
}

/// <summary>A key that was replaced.</summary>
[GenerateSerializer, Immutable, Alias("pbts.RetiredKey")]
internal sealed record RetiredKey([property: Id(0)] string PublicKey, [property: Id(1)] DateTimeOffset RetiredAt);
