using System.Buffers.Binary;
using System.Text;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;

namespace Pbts.Protocol.Passports;

/// <summary>A passport as typed data (EIP-712), so that any wallet library checks its signature. docs/passports.md has it in JSON.</summary>
internal static class PassportTypedData
{
    private const string Import = "Import(string issuer,uint64 up,uint64 down,uint64 asOf)";
    private const string Proof = "Proof(bytes32 root,uint64 totalUp,uint64 totalDown,uint64 members,uint64 sequence,uint64 block,bytes32 txHash)";
    private const string Passport = "Passport(bytes32 instance,address issuer,string userId,bytes publicKey,uint64 up,uint64 down,Import[] imports,uint64 memberSince,Proof proof,uint64 issued,uint64 expires)";

    private static readonly byte[] DomainType = Hash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"u8);
    private static readonly byte[] ImportType = Text(Import);
    private static readonly byte[] ProofType = Text(Proof);

    // Those it refers to follow in the order of their names.
    private static readonly byte[] PassportType = Text(Passport + Import + Proof);

    private static readonly byte[] Name = Text("PBTS passport");
    private static readonly byte[] Version = Text("1");

    /// <summary>The 66 bytes whose keccak-256 is signed: 0x19, 0x01, the domain's hash, the passport's.</summary>
    public static byte[] Encode(Passport passport)
    {
        var domain = Hash([.. DomainType, .. Name, .. Version, .. Word(passport.ChainId), .. Word(passport.Contract ?? default)]);
        var imports = passport.Imports.SelectMany(import => Hash([.. ImportType, .. Text(import.Issuer), .. Word(import.Up), .. Word(import.Down), .. Word(import.AsOf)])).ToArray();
        return
        [
            0x19, 0x01, .. domain,
            .. Hash(
            [
                .. PassportType, .. passport.Instance.Span, .. Word(passport.Issuer), .. Text(passport.UserId.ToString()), .. Hash(passport.PublicKey.Span),
                .. Word(passport.Up), .. Word(passport.Down), .. Hash(imports), .. Word((ulong)passport.MemberSince), .. Hash(Of(passport.Proof)),
                .. Word((ulong)passport.Issued), .. Word((ulong)passport.Expires),
            ]),
        ];
    }

    /// <summary>Without a proof, zeros.</summary>
    private static byte[] Of(MemberProof? proof) =>
    [
        .. ProofType, .. proof?.Root.ToHash() ?? new byte[32], .. Word(proof?.Root.Up ?? 0), .. Word(proof?.Root.Down ?? 0), .. Word((ulong)(proof?.Members ?? 0)),
        .. Word((ulong)(proof?.Sequence ?? 0)), .. Word(proof?.Block ?? 0), .. proof is null ? new byte[32] : Convert.FromHexString(proof.TxHash.AsSpan(2)),
    ];

    private static byte[] Text(string text) => Hash(Encoding.UTF8.GetBytes(text));

    private static byte[] Word(ulong number)
    {
        var word = new byte[32];
        BinaryPrimitives.WriteUInt64BigEndian(word.AsSpan(24), number);
        return word;
    }

    private static byte[] Word(EthereumAddress address) => [.. new byte[12], .. address.ToArray()];

    private static byte[] Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = new byte[SumNode.HashSize];
        SumNode.Keccak(bytes, hash);
        return hash;
    }
}
