using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Users;

/// <summary>A registered user as everybody may see it. Totals are bytes.</summary>
[GenerateSerializer, Immutable, Alias("pbts.UserProfile")]
public sealed record UserProfile
{
    [Id(0)]
    public required string UserId { get; init; }

    /// <summary>As registered: base64 of the key, or any text from a time when signatures were not verified.</summary>
    [Id(1)]
    public required string PublicKey { get; init; }

    /// <summary>Whether the user has proved to hold the secret of <see cref="PublicKey"/>.</summary>
    [Id(2)]
    public required bool Proven { get; init; }

    /// <summary>What receipts prove.</summary>
    [Id(3)]
    public required long Uploaded { get; init; }

    /// <summary>What receipts prove.</summary>
    [Id(4)]
    public required long Downloaded { get; init; }

    /// <summary>What the user's clients say in announces.</summary>
    [Id(5)]
    public required long ClaimedUploaded { get; init; }

    /// <summary>What the user's clients say in announces.</summary>
    [Id(6)]
    public required long ClaimedDownloaded { get; init; }

    [Id(7)]
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>Times the key has been replaced.</summary>
    [Id(8)]
    public int KeyRotations { get; init; }

    /// <summary>The key as 48 bytes; false where <see cref="PublicKey"/> is some other text.</summary>
    public bool TryGetKey(out MemberKey key)
    {
        Span<byte> bytes = stackalloc byte[MemberKey.Length + 1];
        key = default;
        return Convert.TryFromBase64String(PublicKey, bytes, out var length) && MemberKey.TryFrom(bytes[..length], out key);
    }
}
