using System.Data;
using Npgsql;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Evidence;

/// <summary>Audits the leaves that proofs are made of: whose each is, that no more was anchored than the member has, and that they lead to the root.</summary>
/// <param name="fault">Is told each member that does not fit, or the root, and why.</param>
internal sealed class AnchorAudit(Action<string, string> fault)
{
    private const string Newest = """
        SELECT id, sequence, root, up, down, members FROM anchors a WHERE EXISTS (SELECT FROM anchor_leaves l WHERE l.anchor = a.id) ORDER BY id DESC LIMIT 1
        """;

    /// <summary>In the order of the leaves; of one moment, as totals rise.</summary>
    private const string Members = """
        SELECT l.chunk, l.node, l.leaves, m.ids, m.names, m.salts, m.keys, m.ups, m.downs
        FROM anchor_leaves l LEFT JOIN LATERAL (
            SELECT array_agg(u.id ORDER BY u.id) AS ids, array_agg(u.user_id ORDER BY u.id) AS names, array_agg(u.proof_salt ORDER BY u.id) AS salts,
                   array_agg((SELECT string_agg(k.key, '' ORDER BY k.proven_at DESC) FROM user_keys k WHERE k.member = u.id) ORDER BY u.id) AS keys,
                   array_agg(u.uploaded ORDER BY u.id) AS ups, array_agg(u.downloaded ORDER BY u.id) AS downs
            FROM users u WHERE u.id >= l.first_member
                AND u.id < coalesce((SELECT n.first_member FROM anchor_leaves n WHERE n.anchor = l.anchor AND n.chunk = l.chunk + 1), 9223372036854775807)) AS m ON true
        WHERE l.anchor = $1 ORDER BY l.chunk
        """;

    private sealed record Member(string Name, byte[] Salt, byte[] Keys, ulong Up, ulong Down);

    public async Task RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await ReadNewestAsync(connection, cancellationToken).ConfigureAwait(false) is not var (id, sequence, root, members))
            return;
        var (nodes, changed) = (new List<SumNode>(), new List<int>());
        long count = 0;
        using (var command = new NpgsqlCommand(Members, connection) { Parameters = { new() { Value = id } } })
        using (var row = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken).ConfigureAwait(false))
        {
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                var chunk = row.GetInt32(0);
                var node = SumNode.Read(row.GetFieldValue<byte[]>(1));
                var leaves = AnchorLeaf.ReadAll(row.GetFieldValue<byte[]>(2));
                count += leaves.Length;
                if (!IsTheirs(node, chunk, leaves))
                    changed.Add(chunk);
                nodes.Add(node);
                Check(leaves, ReadMembers(row));
            }
        }
        if (changed.Count > 0)
            fault($"root {sequence}", $"{EvidenceFaultCodes.WrongRoot}: leaves were changed, in pieces {string.Join(", ", changed.Take(10))}{(changed.Count > 10 ? " …" : "")} of {AnchorLeaf.ChunkLength} members each");
        if (count != members || !LeadsTo(root, nodes, AnchorLeaf.ChunkLevel))
            fault($"root {sequence}", $"{EvidenceFaultCodes.WrongRoot}: the leaves of {count} members do not lead to the root of {members} members that was anchored");
    }

    private static async Task<(long Id, long Sequence, SumNode Root, long Members)?> ReadNewestAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // A tracker of before roots were taken has none.
        using (var exists = new NpgsqlCommand("SELECT to_regclass('anchor_leaves') IS NOT NULL", connection))
        {
            if (await exists.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is false)
                return null;
        }
        using var command = new NpgsqlCommand(Newest, connection);
        using var row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await row.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? (row.GetInt64(0), row.GetInt64(1), new SumNode(row.GetFieldValue<byte[]>(2), (ulong)row.GetDecimal(3), (ulong)row.GetDecimal(4)), row.GetInt64(5))
            : null;
    }

    private static Dictionary<long, Member> ReadMembers(NpgsqlDataReader row)
    {
        if (row.IsDBNull(3))
            return [];
        var (ids, names, salts) = (row.GetFieldValue<long[]>(3), row.GetFieldValue<string[]>(4), row.GetFieldValue<byte[][]>(5));
        var (keys, ups, downs) = (row.GetFieldValue<byte[]?[]>(6), row.GetFieldValue<long[]>(7), row.GetFieldValue<long[]>(8));
        return Enumerable.Range(0, ids.Length).ToDictionary(i => ids[i], i => new Member(names[i], salts[i], keys[i] ?? [], (ulong)ups[i], (ulong)downs[i]));
    }

    private static bool IsTheirs(SumNode node, int chunk, AnchorLeaf[] leaves)
    {
        var padding = chunk > 0 ? AnchorLeaf.ChunkLength - leaves.Length : 0;
        return LeadsTo(node, [.. leaves.Select(leaf => leaf.Node), .. Enumerable.Repeat(SumNode.Padding, padding)], 0);
    }

    private static bool LeadsTo(SumNode root, IEnumerable<SumNode> nodes, int level)
    {
        try
        {
            var tree = new SumTree();
            foreach (var node in nodes)
                tree.Add(node);
            return tree.Finish(level) == root;
        }
        catch (OverflowException)
        {
            // What was changed may add up to anything.
            return false;
        }
    }

    private void Check(AnchorLeaf[] leaves, Dictionary<long, Member> members)
    {
        foreach (var leaf in leaves)
        {
            if (!members.TryGetValue(leaf.Member, out var member))
                fault($"nobody, number {leaf.Member}", $"{EvidenceFaultCodes.WrongLeaf}: a leaf of the newest root is of no member");
            else if (!member.Keys.Chunk(MemberKey.Length).Any(key => MemberCommitment.Of(member.Salt, member.Name, MemberKey.From(key)).AsSpan().SequenceEqual(leaf.Commitment.Span)))
                fault(member.Name, $"{EvidenceFaultCodes.WrongLeaf}: its leaf of the newest root is of another name, key or salt");
            else if (leaf.Up > member.Up || leaf.Down > member.Down)
                fault(member.Name, $"{EvidenceFaultCodes.AnchoredTotal}: {leaf.Up} given and {leaf.Down} taken were anchored, but its totals are {member.Up} and {member.Down}");
        }
    }
}
