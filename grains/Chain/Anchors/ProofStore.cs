using System.Data;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>Makes members' proofs from the newest root that is in a block.</summary>
internal sealed class ProofStore(NpgsqlDataSource database)
{
    private static readonly Problem NoAnchor = new(ProblemKind.NotInitialised, "This tracker has no root on the chain yet: the next is taken within Chain:AnchorInterval");
    private static readonly Problem NotInTree = new(ProblemKind.NotFound, "The user proved a key only after the newest root was taken, or never");
    private static readonly Problem Damaged = new(ProblemKind.Unavailable, "The leaves on record do not lead to the root that was anchored: pbts audit --database tells more");

    /// <summary>The proof; a problem when there is none.</summary>
    public Task<Outcome<MemberProof>> ProveAsync(string userId) => Repeatable.RunAsync<Outcome<MemberProof>>(async () =>
    {
        await using var connection = await database.OpenConnectionAsync();
        // Anchor, leaves and keys of one moment.
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        var members = await connection.QueryAsync(
            "SELECT id, proof_salt, ARRAY(SELECT key FROM user_keys WHERE member = users.id ORDER BY proven_at DESC) FROM users WHERE user_id = $1",
            row => (Id: row.GetInt64(0), Salt: row.GetFieldValue<byte[]>(1), Keys: row.GetFieldValue<byte[][]>(2)), userId);
        if (members is not [var member])
            return new Problem(ProblemKind.NotFound, "User not found");
        var anchors = await connection.QueryAsync("""
            SELECT a.id, a.contract, a.sequence, a.root, a.up, a.down, a.members, a.outbox_id, a.taken_at, o.chain_id, o.block_number, o.hash
            FROM anchors a JOIN chain_outbox o ON o.id = a.outbox_id WHERE a.settled AND o.succeeded AND o.state IN ('mined', 'confirmed') AND EXISTS (SELECT FROM anchor_leaves l WHERE l.anchor = a.id)
            ORDER BY a.id DESC LIMIT 1
            """, row => (Anchor: AnchorStore.Row(row), Chain: (ulong)row.GetInt64(9), Block: (ulong)row.GetInt64(10), Hash: row.GetString(11)));
        if (anchors is not [var found])
            return NoAnchor;
        var chunks = await connection.QueryAsync(
            "SELECT chunk, leaves FROM anchor_leaves WHERE anchor = $1 AND first_member <= $2 ORDER BY first_member DESC LIMIT 1",
            row => (Number: row.GetInt32(0), Leaves: AnchorLeaf.ReadAll(row.GetFieldValue<byte[]>(1))), found.Anchor.Id, member.Id);
        if (chunks is not [var chunk] || Array.FindIndex(chunk.Leaves, leaf => leaf.Member == member.Id) is var at && at < 0)
            return NotInTree;
        var nodes = await connection.QueryAsync("SELECT node FROM anchor_leaves WHERE anchor = $1 ORDER BY chunk", row => SumNode.Read(row.GetFieldValue<byte[]>(0)), found.Anchor.Id);

        var index = ((long)chunk.Number << AnchorLeaf.ChunkLevel) + at;
        var leaf = chunk.Leaves[at];
        // The key may have been replaced since.
        if (member.Keys.FirstOrDefault(key => MemberCommitment.Of(member.Salt, userId, MemberKey.From(key)).AsSpan().SequenceEqual(leaf.Commitment.Span)) is not { } ofLeaf)
            return Damaged;
        try
        {
            var path = SumTree.PathOf([.. chunk.Leaves.Select(one => one.Node)], at, depth: nodes.Count > 1 ? AnchorLeaf.ChunkLevel : null);
            path.AddRange(SumTree.PathOf(nodes, chunk.Number, AnchorLeaf.ChunkLevel));
            var proof = new MemberProof
            {
                UserId = userId, PublicKey = MemberKey.From(ofLeaf), Up = leaf.Up, Down = leaf.Down, Salt = member.Salt, Index = index,
                Path = [.. path.Select((sibling, level) => new PathStep(sibling, (index >> level & 1) != 0))],
                Root = found.Anchor.Root, Members = found.Anchor.Members, Sequence = found.Anchor.Sequence,
                Contract = found.Anchor.Contract, ChainId = found.Chain, Block = found.Block, TxHash = found.Hash,
            };
            return proof.Verify() is null ? proof : Damaged;
        }
        catch (OverflowException)
        {
            return Damaged;
        }
    });
}
