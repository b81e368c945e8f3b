using System.Security.Cryptography;
using System.Text;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Protocol.Tests.Passports;

/// <summary>Passports as trackers make them.</summary>
public static class PassportSamples
{
    public const long Now = 1_800_000_000;

    public static readonly BlsSecretKey Holder = BlsSecretKey.Generate();

    private static readonly EthereumAddress Reputation = new(Enumerable.Range(1, 20).Select(i => (byte)i).ToArray());

    public static EthereumPrivateKey Key(string seed) =>
        EthereumPrivateKey.TryCreate(SHA256.HashData(Encoding.ASCII.GetBytes(seed)), out var key) ? key : throw new InvalidOperationException();

    public static InstanceId Instance(string seed) => InstanceId.From(SHA256.HashData(Encoding.ASCII.GetBytes(seed)));

    /// <summary>One that is good at <see cref="Now"/>, with a proof when there are other members to prove it among.</summary>
    public static Passport Make(Random random, int others = 5, string issuer = "issuer", BlsSecretKey? holder = null)
    {
        var key = Key(issuer);
        var publicKey = MemberKey.Of(holder ?? Holder);
        UserId.TryParse("älice-" + random.Next(), out var userId);
        var (up, down) = ((ulong)random.NextInt64(1L << 50), (ulong)random.NextInt64(1L << 50));
        var proof = others < 0 ? null : Prove(random, userId.ToString(), publicKey, up + 1000, down, others);
        return new Passport
        {
            Instance = Instance(issuer), Contract = proof is null ? null : Reputation, ChainId = proof is null ? 0UL : 31337, Issuer = key.Address, UserId = userId, PublicKey = publicKey, Up = up, Down = down,
            Imports = [.. Enumerable.Range(0, random.Next(4)).Select(i => new PassportImport(i == 0 ? Reputation.ToString() : Instance($"other {i}").ToString(), (ulong)random.NextInt64(), ulong.MaxValue, Now - 5000))],
            MemberSince = Now - (900 * 86400), Issued = Now - 3600, Expires = Now + (365 * 86400), Proof = proof,
        }.Sign(key);
    }

    public static ReceiptSignature HolderSignature(string instanceId, Passport passport, BlsSecretKey? holder = null) =>
        ReceiptSignature.Of(holder ?? Holder, PassportMessage.Build(instanceId, passport));

    private static MemberProof Prove(Random random, string userId, MemberKey key, ulong up, ulong down, int others)
    {
        var salt = new byte[MemberCommitment.SaltSize];
        random.NextBytes(salt);
        var leaves = Enumerable.Range(0, others + 1).Select(_ =>
        {
            var hash = new byte[32];
            random.NextBytes(hash);
            return SumNode.Leaf(hash, (ulong)random.NextInt64(1L << 50), (ulong)random.NextInt64(1L << 50));
        }).ToArray();
        var index = random.Next(leaves.Length);
        leaves[index] = SumNode.Leaf(MemberCommitment.Of(salt, userId, key), up, down);
        var tree = new SumTree();
        foreach (var leaf in leaves)
            tree.Add(leaf);
        return new()
        {
            UserId = userId, PublicKey = key, Up = up, Down = down, Salt = salt, Index = index, Root = tree.Finish(), Members = leaves.Length, Sequence = 7,
            Path = [.. SumTree.PathOf(leaves, index).Select((node, level) => new PathStep(node, (index >> level & 1) != 0))],
            Contract = Reputation, ChainId = 31337, Block = 4711, TxHash = "0x" + Convert.ToHexStringLower(SHA256.HashData(salt)),
        };
    }
}
