using System.Globalization;
using System.Security.Cryptography;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Passports;

/// <summary>
/// What a tracker says of a member, signed with the tracker's chain key (EIP-712, see docs/passports.md): good wherever somebody
/// believes that key, when tracker, node and operator are gone. Whoever brings it proves to be its subject by <see cref="PassportMessage"/>.
/// </summary>
public sealed record Passport
{
    /// <summary>Most <see cref="Imports"/>.</summary>
    public const int MaxImports = 16;

    /// <summary>Seconds that a clock may be behind the issuer's.</summary>
    public const long ClockTolerance = 120;

    /// <summary>The tracker.</summary>
    public required InstanceId Instance { get; init; }

    /// <summary>The tracker's Reputation contract; null: none.</summary>
    public EthereumAddress? Contract { get; init; }

    /// <summary>The contract's chain; 0 without a contract.</summary>
    public ulong ChainId { get; init; }

    /// <summary>The address of the key that signs.</summary>
    public required EthereumAddress Issuer { get; init; }

    /// <summary>The member's name there.</summary>
    public required UserId UserId { get; init; }

    /// <summary>The member's key there.</summary>
    public required MemberKey PublicKey { get; init; }

    /// <summary>Bytes given that are proven there; nothing that was brought from elsewhere.</summary>
    public required ulong Up { get; init; }

    /// <summary>Bytes taken, likewise.</summary>
    public required ulong Down { get; init; }

    /// <summary>What was brought from elsewhere; at most <see cref="MaxImports"/>.</summary>
    public IReadOnlyList<PassportImport> Imports { get; init; } = [];

    /// <summary>Unix seconds since when it is a member.</summary>
    public required long MemberSince { get; init; }

    /// <summary>That the contract has the member's totals in a root; null: none.</summary>
    public MemberProof? Proof { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Issued { get; init; }

    /// <summary>Unix seconds of the first moment at which it is good no more.</summary>
    public required long Expires { get; init; }

    /// <summary>65 bytes, see <see cref="EthereumSignature"/>.</summary>
    public ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>
    /// SHA-256 of the 66 bytes of EIP-712 (0x19, 0x01, the domain's hash, the passport's): of what is said, not of how a file says
    /// it, and without the signature.
    /// </summary>
    public byte[] Hash => SHA256.HashData(PassportTypedData.Encode(this));

    private byte[] Digest
    {
        get
        {
            var digest = new byte[SumNode.HashSize];
            SumNode.Keccak(PassportTypedData.Encode(this), digest);
            return digest;
        }
    }

    /// <summary>The same, signed.</summary>
    /// <exception cref="ArgumentException">The key is not that of <see cref="Issuer"/>.</exception>
    public Passport Sign(EthereumPrivateKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Address == Issuer ? this with { Signature = key.SignDigest(Digest) } : throw new ArgumentException("The key is not the issuer's.", nameof(key));
    }

    /// <summary>What does not hold at a moment, or null: then the issuer said this. Whether anybody believes the issuer, and who brings it, are other questions.</summary>
    /// <param name="now">Unix seconds.</param>
    public PassportFault? Verify(long now)
    {
        if (!EthereumSignature.TryRecover(Digest, Signature.Span, out var signer) || signer != Issuer)
            return new(PassportStep.IssuerSignature, $"the issuer's address, {Issuer}, did not sign this");
        if (Issued > now + ClockTolerance)
            return new(PassportStep.NotYetValid, $"it is of {Moment(Issued)}, which is to come");
        if (Expires <= now)
            return new(PassportStep.Expired, $"it was good until {Moment(Expires)}: ask its tracker for another");
        return CheckProof();
    }

    /// <summary>Whether the proof is the subject's, from the issuer's contract, and holds.</summary>
    private PassportFault? CheckProof()
    {
        if (Proof is not { } proof)
            return null;
        if (proof.UserId != UserId.ToString() || proof.PublicKey != PublicKey)
            return new(PassportStep.Proof, "the proof is somebody else's");
        if (proof.Contract != Contract || proof.ChainId != ChainId)
            return new(PassportStep.Proof, "the proof is of another contract");
        if (proof.Verify() is { } fault)
            return new(PassportStep.Proof, fault.ToString());
        // What was taken may have risen since; what was given may not be more than was anchored.
        return Up <= proof.Up ? null : new(PassportStep.AnchoredLeaf, $"native.up is {Up}, and the leaf it rests on has {proof.Up}");
    }

    private static string Moment(long seconds) =>
        seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "the far future";
}
