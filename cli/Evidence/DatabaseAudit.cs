using System.Data;
using Npgsql;
using NpgsqlTypes;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Cli.Evidence;

/// <summary>
/// Audits a tracker in its database, while it runs: every voucher by its signature and keys, every member's totals by their
/// parts. Of what is good nothing is kept.
/// </summary>
/// <param name="connectionString">Npgsql connection string; a role that may read is enough.</param>
/// <param name="progress">Is told how far it is.</param>
/// <param name="fault">Is told each member that does not fit, and why.</param>
internal sealed class DatabaseAudit(string connectionString, AuditProgress progress, Action<string, string> fault)
{
    // Those of one receiver together cost one pairing together.
    private const string AllVouchers = """
        COPY (SELECT v.sender, v.receiver, v.id, v.info_hash, v.sender_key, v.receiver_key, v.session, v.bytes, v.credited, v.opened, v.signed_at, v.signature,
                     s.member IS NOT DISTINCT FROM v.sender, r.member IS NOT DISTINCT FROM v.receiver,
                     ceil(extract(epoch FROM s.retired_at))::bigint, ceil(extract(epoch FROM r.retired_at))::bigint
              FROM voucher_sessions v LEFT JOIN user_keys s ON s.key = v.sender_key LEFT JOIN user_keys r ON r.key = v.receiver_key
              ORDER BY v.receiver) TO STDOUT (FORMAT binary)
        """;

    // One statement is of one moment, totals and parts alike. What belongs to nobody does not fit either.
    private const string WrongTotals = """
        SELECT coalesce(u.user_id, 'nobody, number ' || p.member), coalesce(u.uploaded, 0), coalesce(u.downloaded, 0), coalesce(p.uploaded, 0), coalesce(p.downloaded, 0)
        FROM users u FULL JOIN
             (SELECT member, least(sum(uploaded), 9223372036854775807) AS uploaded, least(sum(downloaded), 9223372036854775807) AS downloaded FROM member_parts GROUP BY member) p
             ON p.member = u.id
        WHERE u.id IS NULL OR u.uploaded <> coalesce(p.uploaded, 0) OR u.downloaded <> coalesce(p.downloaded, 0)
        ORDER BY u.id
        """;

    private const int Waiting = 4 * StatementVerifier.Batch;

    private readonly List<(Voucher Voucher, VoucherId Id, long Sender, long Receiver)> _waiting = new(Waiting);

    /// <summary>By member: how many of its vouchers do not fit, and the first of them.</summary>
    private readonly Dictionary<long, (long Count, string First)> _bad = [];

    private long _expected;

    /// <summary>The tracker's instance id.</summary>
    public string Instance { get; private set; } = "";

    /// <summary>Members audited.</summary>
    public long Members { get; private set; }

    /// <summary>Vouchers audited.</summary>
    public long Vouchers { get; private set; }

    /// <exception cref="NpgsqlException">The database cannot be reached, or is not a tracker's.</exception>
    /// <exception cref="ArgumentException">No connection string.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // However long it takes, of whatever size.
        var settings = new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0, Pooling = false };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await CountAsync(connection, cancellationToken).ConfigureAwait(false);
            await AuditVouchersAsync(connection, cancellationToken).ConfigureAwait(false);
            await NameAsync(connection, cancellationToken).ConfigureAwait(false);
            progress.Show(1, $"{Vouchers} vouchers; adding up the totals of {Members} members");
            await AuditTotalsAsync(connection, cancellationToken).ConfigureAwait(false);
            await new AnchorAudit(fault).RunAsync(connection, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task CountAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("SELECT id, (SELECT count(*) FROM users), (SELECT count(*) FROM voucher_sessions) FROM instance", connection);
        using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        (Instance, Members, _expected) = (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    private async Task AuditVouchersAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var instance = InstanceId.From(Convert.FromHexString(Instance));
        using var rows = await connection.BeginBinaryExportAsync(AllVouchers, cancellationToken).ConfigureAwait(false);
        while (await rows.StartRowAsync(cancellationToken).ConfigureAwait(false) >= 0)
        {
            var (sender, receiver) = (rows.Read<long>(), rows.Read<long>());
            var id = VoucherId.From(rows.Read<byte[]>());
            var (infoHash, senderKey, receiverKey) = (rows.Read<byte[]>(), rows.Read<byte[]>(), rows.Read<byte[]>());
            var session = rows.Read<byte[]>();
            var (bytes, credited, opened, signedAt) = (rows.Read<long>(), rows.Read<long>(), rows.Read<long>(), rows.Read<long>());
            var signature = rows.Read<byte[]>();
            var (ofSender, ofReceiver) = (rows.Read<bool>(), rows.Read<bool>());
            var (senderRetired, receiverRetired) = (ReadTime(rows), ReadTime(rows));
            var entry = new EvidenceVoucher(id, new()
            {
                Instance = instance,
                InfoHash = InfoHash.From(infoHash),
                Sender = MemberKey.From(senderKey),
                Receiver = MemberKey.From(receiverKey),
                Session = SessionId.From(session),
                Bytes = bytes,
                Opened = opened,
                SignedAt = signedAt,
                Signature = ReceiptSignature.From(signature),
            }, credited, 0, 0);
            Vouchers++;
            var problem = entry.Voucher.Id != id ? EvidenceFaultCodes.WrongId
                : entry.Fault is not null ? EvidenceFaultCodes.WrongNumber
                : !ofSender || !ofReceiver || sender == receiver ? EvidenceFaultCodes.NotTheMembers
                : !new EvidenceKey(entry.Voucher.Sender, 0, senderRetired).CoversSigning(signedAt) || !new EvidenceKey(entry.Voucher.Receiver, 0, receiverRetired).CoversSigning(signedAt)
                    ? EvidenceFaultCodes.KeyRetired
                : null;
            if (problem is not null)
                Note(sender, receiver, id, problem);
            else
                _waiting.Add((entry.Voucher, id, sender, receiver));
            if (_waiting.Count >= Waiting)
                Verify();
        }

        Verify();
    }

    private static long? ReadTime(NpgsqlBinaryExporter rows)
    {
        if (!rows.IsNull)
            return rows.Read<long>(NpgsqlDbType.Bigint);
        rows.Skip();
        return null;
    }

    private void Verify()
    {
        var verdicts = StatementVerifier.VerifyOnAllProcessors([.. _waiting.Select(one => one.Voucher.Statement())]);
        for (var i = 0; i < verdicts.Length; i++)
        {
            if (!verdicts[i])
                Note(_waiting[i].Sender, _waiting[i].Receiver, _waiting[i].Id, EvidenceFaultCodes.BadSignature);
        }

        _waiting.Clear();
        progress.Show((double)Vouchers / Math.Max(1, _expected), $"{Vouchers} vouchers");
    }

    private void Note(long sender, long receiver, VoucherId id, string problem)
    {
        foreach (var member in (long[])[sender, receiver])
        {
            var known = _bad.GetValueOrDefault(member);
            _bad[member] = (known.Count + 1, known.First ?? $"{problem}: voucher {id}");
        }
    }

    /// <summary>Tells the members with vouchers that do not fit, by their names.</summary>
    private async Task NameAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var some in _bad.Order(Comparer<KeyValuePair<long, (long, string)>>.Create((a, b) => a.Key.CompareTo(b.Key))).Chunk(1000))
        {
            using var command = new NpgsqlCommand("SELECT id, user_id FROM users WHERE id = ANY($1)", connection) { Parameters = { new() { Value = some.Select(one => one.Key).ToArray() } } };
            using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            var names = new Dictionary<long, string>();
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                names[reader.GetInt64(0)] = reader.GetString(1);
            foreach (var (member, (count, first)) in some)
                fault(names.GetValueOrDefault(member, $"nobody, number {member}"), count == 1 ? first : $"{first}, and {count - 1} more");
        }
    }

    private async Task AuditTotalsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(WrongTotals, connection);
        using var reader = await command.ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var name = reader.GetString(0);
            fault(name, $"{EvidenceFaultCodes.WrongTotal}: given {reader.GetInt64(1)} and taken {reader.GetInt64(2)}, "
                + $"but vouchers, receipts and what was imported come to {reader.GetDecimal(3)} and {reader.GetDecimal(4)}");
        }
    }
}
