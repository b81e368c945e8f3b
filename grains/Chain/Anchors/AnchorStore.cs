using System.Data;
using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Chain.Anchors;

/// <summary>Roots of all members' totals and the leaves below them, in PostgreSQL.</summary>
internal sealed class AnchorStore(NpgsqlDataSource database)
{
    private const string Columns = "a.id, a.contract, a.sequence, a.root, a.up, a.down, a.members, a.outbox_id, a.taken_at";

    /// <summary>One statement is of one moment. Whoever has no proven key has neither given nor taken anything.</summary>
    private const string Totals = "SELECT id, user_id, key, proof_salt, uploaded, downloaded FROM users WHERE proven ORDER BY id";

    /// <summary>The anchor that is under way; null when none is.</summary>
    public async Task<AnchorRow?> ReadOpenAsync() => (await database.QueryAsync($"SELECT {Columns} FROM anchors a WHERE NOT settled", Row)).SingleOrDefault();

    /// <summary>The newest anchor, under way or not; null when there is none.</summary>
    public async Task<AnchorRow?> ReadNewestAsync() => (await database.QueryAsync($"SELECT {Columns} FROM anchors a ORDER BY id DESC LIMIT 1", Row)).SingleOrDefault();

    /// <summary>The newest anchor of a contract that is in a block and has its leaves; null when there is none.</summary>
    /// <param name="migration">Only when totals were still those after this migration was asked for.</param>
    public async Task<AnchorRow?> ReadSettledAsync(EthereumAddress contract, Guid? migration) => (await database.QueryAsync($"""
        SELECT {Columns} FROM anchors a WHERE a.contract = $1 AND a.settled AND EXISTS (SELECT FROM anchor_leaves l WHERE l.anchor = a.id)
            AND ($2::uuid IS NULL OR a.checked_at >= (SELECT created_at FROM migration WHERE id = $2))
        ORDER BY a.id DESC LIMIT 1
        """, Row, contract, migration)).SingleOrDefault();

    /// <summary>The row ids of the members in a piece of an anchor's leaves; null behind the last.</summary>
    public async Task<IReadOnlyCollection<long>?> ReadMembersAsync(EthereumAddress contract, long sequence, int chunk) => (await database.QueryAsync("""
        SELECT l.leaves FROM anchor_leaves l JOIN anchors a ON a.id = l.anchor WHERE a.contract = $1 AND a.sequence = $2 AND a.settled AND l.chunk = $3
        """, row => (IReadOnlyCollection<long>)[.. AnchorLeaf.ReadAll(row.GetFieldValue<byte[]>(0)).Select(leaf => leaf.Member)], contract, sequence, chunk)).SingleOrDefault();

    /// <summary>Whether the totals were last looked at longer ago than that, or never.</summary>
    public Task<bool> IsDueAsync(TimeSpan interval) =>
        database.ValueAsync<bool>("SELECT NOT EXISTS (SELECT FROM anchors WHERE checked_at > now() - $1)", interval);

    /// <summary>
    /// Takes the totals of all members. Null when there are no members, when somebody else has an anchor under way, or when
    /// the newest anchor, this one's immediate predecessor, has the same root.
    /// </summary>
    /// <exception cref="OverflowException">The totals do not fit into 64 bits.</exception>
    public Task<AnchorRow?> TakeAsync(EthereumAddress contract, long sequence, Guid outboxId) => Repeatable.TransactAsync(database, async connection =>
    {
        var id = (await connection.QueryAsync("SELECT nextval(pg_get_serial_sequence('anchors', 'id'))", row => row.GetInt64(0))).Single();
        var tree = new AnchorTree((chunk, first, node, leaves) => connection.ExecuteAsync(
            "INSERT INTO anchor_leaves (anchor, chunk, first_member, node, leaves) VALUES ($1, $2, $3, $4, $5)", id, chunk, first, Bytes(node), leaves.ToArray()));
        await ReadTotalsAsync(tree);
        if (tree.Members == 0)
            return (null, false);
        var root = await tree.FinishAsync();
        // Looked at now, whatever comes of it.
        await connection.ExecuteAsync("UPDATE anchors SET checked_at = now() WHERE id = (SELECT max(id) FROM anchors)");
        var taken = await connection.QueryAsync($"""
            INSERT INTO anchors AS a (id, contract, sequence, root, up, down, members, outbox_id)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8
            WHERE NOT EXISTS (SELECT FROM anchors n WHERE n.settled AND n.contract = $2 AND n.sequence = $3 - 1 AND n.root = $4 AND n.id = (SELECT max(id) FROM anchors))
            ON CONFLICT DO NOTHING RETURNING {Columns}
            """, Row, id, contract, sequence, root.ToHash(), (decimal)root.Up, (decimal)root.Down, tree.Members, outboxId);
        if (taken is [var row])
            return (row, true);
        await connection.ExecuteAsync("DELETE FROM anchor_leaves WHERE anchor = $1", id);
        return ((AnchorRow?)null, true);
    });

    /// <summary>
    /// Looks what became of the anchor under way: in a block, it takes the place of the one before, whose leaves go; refused, it
    /// is forgotten. One whose transaction was never handed in, because of a crash, is left as it is.
    /// </summary>
    public Task SettleAsync() => Repeatable.TransactAsync(database, async connection =>
    {
        var settled = await connection.QueryAsync("""
            UPDATE anchors a SET settled = true FROM chain_outbox o WHERE NOT a.settled AND o.id = a.outbox_id AND o.succeeded AND o.state IN ('mined', 'confirmed') RETURNING a.id
            """, row => row.GetInt64(0));
        if (settled is [var newest])
            await connection.ExecuteAsync("DELETE FROM anchor_leaves WHERE anchor < $1", newest);
        await connection.ExecuteAsync("""
            WITH refused AS (DELETE FROM anchors a USING chain_outbox o WHERE NOT a.settled AND o.id = a.outbox_id AND (o.state = 'failed' OR NOT o.succeeded) RETURNING a.id)
            DELETE FROM anchor_leaves l USING refused r WHERE l.anchor = r.id
            """);
        return (true, true);
    });

    /// <summary>Forgets an anchor whose transaction was not handed in.</summary>
    public Task DropAsync(long id) => database.ExecuteAsync("WITH gone AS (DELETE FROM anchors WHERE id = $1 AND NOT settled RETURNING id) DELETE FROM anchor_leaves l USING gone g WHERE l.anchor = g.id", id);

    /// <summary>The root's node as the contract was told it.</summary>
    public static byte[] Bytes(SumNode node)
    {
        var bytes = new byte[SumNode.Size];
        node.Write(bytes);
        return bytes;
    }

    public static AnchorRow Row(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.Address(1), row.GetInt64(2), new SumNode(row.GetFieldValue<byte[]>(3), (ulong)row.GetDecimal(4), (ulong)row.GetDecimal(5)), row.GetInt64(6), row.GetGuid(7),
        row.GetFieldValue<DateTimeOffset>(8));

    /// <summary>On a connection of its own: one that is in the middle of an answer takes no statement.</summary>
    private async Task ReadTotalsAsync(AnchorTree tree)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(Totals, connection) { CommandTimeout = 0 };
        await using var row = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess);
        while (await row.ReadAsync())
        {
            var (member, name) = (row.GetInt64(0), row.GetString(1));
            var key = MemberKey.From(row.GetFieldValue<byte[]>(2));
            await tree.AddAsync(new(member, MemberCommitment.Of(row.GetFieldValue<byte[]>(3), name, key), (ulong)row.GetInt64(4), (ulong)row.GetInt64(5)));
        }
    }
}
