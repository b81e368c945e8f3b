using Pbts.Grains.Chain.Contracts;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;

namespace Pbts.Grains.Chain.Claims;

/// <summary>The call that takes a member over by its proof.</summary>
internal static class ClaimCall
{
    public static byte[] Encode(MemberProof proof)
    {
        var path = new byte[proof.Path.Count * SumNode.Size];
        for (var level = 0; level < proof.Path.Count; level++)
            proof.Path[level].Sibling.Write(path.AsSpan(level * SumNode.Size));
        var key = proof.PublicKey.Span.ToArray();
        return ReputationV4Abi.ClaimUser.EncodeCall(
            proof.UserId, NoPassword.HashOf(key), proof.Salt.ToArray(), key, proof.Up, proof.Down, (ulong)proof.Sequence, (uint)proof.Index, path);
    }
}
