using System.Buffers;
using System.Data;
using Npgsql;
using NpgsqlTypes;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Grains.Users;

/// <summary>Reads what members' totals are made of. Adding it up costs as much as a member has done, so few do it at a time.</summary>
internal sealed class EvidenceStore(NpgsqlDataSource database) : IDisposable
{
    private const int Readers = 4;

    /// <summary>Seconds; less than the grain's caller waits.</summary>
    private const int ReadTimeout = 15;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Before the snapshot is taken: receipts that are dropped must not vanish between it and the reading.
    private const string Hold = "LOCK TABLE receipts IN ACCESS SHARE MODE";

    private const string Member = """
        SELECT u.id, i.id, floor(extract(epoch FROM u.registered_at))::bigint, floor(extract(epoch FROM now()))::bigint, u.uploaded, u.downloaded
        FROM users u, instance i WHERE u.user_id = $1
        """;

    private const string Keys = """
        SELECT key, floor(extract(epoch FROM proven_at))::bigint, ceil(extract(epoch FROM retired_at))::bigint FROM user_keys
        WHERE member = (SELECT id FROM users WHERE user_id = $1) ORDER BY proven_at, key
        """;

    private const string Parts =
        "SELECT part, origin, entries, uploaded, downloaded FROM member_parts WHERE member = (SELECT id FROM users WHERE user_id = $1) ORDER BY part, origin";

    // Sessions may have risen in transactions that began a while before they could be seen: a minute is more than any takes.
    private const string Page = """
        SELECT id, info_hash, sender_key, receiver_key, session, bytes, opened, signed_at, signature, credited,
               floor(extract(epoch FROM first_report))::bigint, floor(extract(epoch FROM last_report))::bigint
        FROM ((SELECT * FROM voucher_sessions
               WHERE sender = (SELECT id FROM users WHERE user_id = $1) AND substr(id, 1, 7) >= substr($2, 1, 7) AND id > $2
                 AND last_report >= to_timestamp($3 - 60) ORDER BY substr(id, 1, 7), id LIMIT $4)
              UNION ALL
              (SELECT * FROM voucher_sessions
               WHERE receiver = (SELECT id FROM users WHERE user_id = $1) AND substr(id, 1, 7) >= substr($2, 1, 7) AND id > $2
                 AND last_report >= to_timestamp($3 - 60) ORDER BY substr(id, 1, 7), id LIMIT $4)) AS page
        ORDER BY id LIMIT $4
        """;

    private readonly SemaphoreSlim _readers = new(Readers);

    /// <summary>A page as <see cref="IEvidenceGrain.ReadAsync"/> gives it.</summary>
    public async Task<EvidencePage> ReadAsync(string userId, byte[]? after, long? since, int count)
    {
        if (!await _readers.WaitAsync(Patience))
            return new(null, Busy: true);
        try
        {
            return new(await Repeatable.RunAsync(() => ReadOnceAsync(userId, after, since, count)));
        }
        finally
        {
            _readers.Release();
        }
    }

    public void Dispose() => _readers.Dispose();

    private async Task<byte[]?> ReadOnceAsync(string userId, byte[]? after, long? since, int count)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await using var batch = new NpgsqlBatch(connection) { Timeout = ReadTimeout };
        batch.BatchCommands.Add(new(Hold));
        Add(Member);
        if (after is null)
        {
            Add(Keys);
            Add(Parts);
        }

        Add(Page, new() { Value = after ?? [] }, new() { Value = since ?? 60, NpgsqlDbType = NpgsqlDbType.Bigint }, new() { Value = count + 1 });
        await using var reader = await batch.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            return null;
        var header = new EvidenceHeader
        {
            Instance = InstanceId.From(Convert.FromHexString(reader.GetString(1))), UserId = userId, Since = reader.GetInt64(2), At = reader.GetInt64(3), Keys = [],
            TotalUploaded = reader.GetInt64(4), TotalDownloaded = reader.GetInt64(5), Vouchers = default, Receipts = default, Imported = [],
        };
        var lines = new ArrayBufferWriter<byte>(1 << 16);
        await reader.NextResultAsync();
        if (after is null)
        {
            header = header with { Keys = await ReadKeysAsync(reader) };
            await reader.NextResultAsync();
            (await ReadPartsAsync(reader, header)).Write(lines);
            await reader.NextResultAsync();
        }

        var (vouchers, last, more) = (0, default(VoucherId), false);
        while (await reader.ReadAsync())
        {
            if (more = vouchers == count)
                break;
            var entry = ReadVoucher(reader, header.Instance);
            entry.Write(lines);
            (vouchers, last) = (vouchers + 1, entry.Id);
        }

        new EvidenceEnd(vouchers, more ? last : null).Write(lines);
        return lines.WrittenSpan.ToArray();

        void Add(string sql, params NpgsqlParameter[] parameters)
        {
            var command = new NpgsqlBatchCommand(sql) { Parameters = { new() { Value = userId } } };
            foreach (var parameter in parameters)
                command.Parameters.Add(parameter);
            batch.BatchCommands.Add(command);
        }
    }

    private static async Task<List<EvidenceKey>> ReadKeysAsync(NpgsqlDataReader reader)
    {
        var keys = new List<EvidenceKey>();
        while (await reader.ReadAsync())
            keys.Add(new(MemberKey.From(reader.GetFieldValue<byte[]>(0)), reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetInt64(2)));
        return keys;
    }

    private static async Task<EvidenceHeader> ReadPartsAsync(NpgsqlDataReader reader, EvidenceHeader header)
    {
        var imported = new List<(string, EvidenceSum)>();
        while (await reader.ReadAsync())
        {
            var sum = new EvidenceSum(reader.GetInt64(2), reader.GetDecimal(3), reader.GetDecimal(4));
            switch (reader.GetString(0))
            {
                case "vouchers":
                    header = header with { Vouchers = sum };
                    break;
                case "receipts":
                    header = header with { Receipts = sum };
                    break;
                default:
                    imported.Add((reader.GetString(1), sum));
                    break;
            }
        }

        return header with { Imported = imported };
    }

    private static EvidenceVoucher ReadVoucher(NpgsqlDataReader reader, InstanceId instance) => new(
        VoucherId.From(reader.GetFieldValue<byte[]>(0)),
        new()
        {
            Instance = instance,
            InfoHash = InfoHash.From(reader.GetFieldValue<byte[]>(1)),
            Sender = MemberKey.From(reader.GetFieldValue<byte[]>(2)),
            Receiver = MemberKey.From(reader.GetFieldValue<byte[]>(3)),
            Session = SessionId.From(reader.GetFieldValue<byte[]>(4)),
            Bytes = reader.GetInt64(5),
            Opened = reader.GetInt64(6),
            SignedAt = reader.GetInt64(7),
            Signature = ReceiptSignature.From(reader.GetFieldValue<byte[]>(8)),
        },
        reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11));
}
