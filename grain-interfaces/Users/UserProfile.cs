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

    /// <summary>How the user came to be a member: <c>open</c>, <c>invite</c> or <c>site</c>.</summary>
    [Id(9)]
    public string Origin { get; init; } = "open";

    /// <summary>How far the operator trusts this member to owe more than it gave; null: as others of its origin.</summary>
    [Id(10)]
    public double? Trust { get; init; }

    /// <summary>How many others the operator lets this member invite in all; null: as many as others.</summary>
    [Id(11)]
    public int? Invites { get; init; }

    /// <summary>Vouchers of which the user is sender or receiver, as of a few seconds ago; 0 where nobody asked.</summary>
    [Id(12)]
    public long Vouchers { get; init; }

    /// <summary>Why the user may not announce; null: it may.</summary>
    [Id(13)]
    public string? Disabled { get; init; }

    /// <summary>Whether the user may seed only.</summary>
    [Id(14)]
    public bool MayNotDownload { get; init; }

    /// <summary>What the user's site counts: claimed or proven with its factors (<c>Ratio:Basis</c>), and what was brought from elsewhere.</summary>
    [Id(15)]
    public long CreditedUploaded { get; init; }

    /// <summary>What the user's site counts.</summary>
    [Id(16)]
    public long CreditedDownloaded { get; init; }

    /// <summary>What counts of what the user brought from other trackers, beside <see cref="Uploaded"/> and never in it.</summary>
    [Id(17)]
    public long BelievedUploaded { get; init; }

    /// <summary>The same beside <see cref="Downloaded"/>.</summary>
    [Id(18)]
    public long BelievedDownloaded { get; init; }

    /// <summary>What the user brought from other trackers; empty where nobody asked.</summary>
    [Id(19)]
    public IReadOnlyList<MemberImport> Imports { get; init; } = [];

    /// <summary>What decides how much the user may still take: proven here, and believed of others.</summary>
    public long CountedUploaded => CreditLimit.Add(Uploaded, BelievedUploaded);

    /// <summary>The same of what it took.</summary>
    public long CountedDownloaded => CreditLimit.Add(Downloaded, BelievedDownloaded);

    /// <summary>The key as 48 bytes; false where <see cref="PublicKey"/> is some other text.</summary>
    public bool TryGetKey(out MemberKey key)
    {
        Span<byte> bytes = stackalloc byte[MemberKey.Length + 1];
        key = default;
        return Convert.TryFromBase64String(PublicKey, bytes, out var length) && MemberKey.TryFrom(bytes[..length], out key);
    }
}
