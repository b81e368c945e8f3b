using Npgsql;
using Pbts.GrainInterfaces.Issuers;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Protocol.Passports;

namespace Pbts.Grains.Issuers;

/// <summary>What members brought from elsewhere. Claims, imports and what counts of them change in one transaction.</summary>
internal sealed class ImportStore(NpgsqlDataSource database)
{
    /// <summary>A member's imports, the newest first.</summary>
    public Task<List<MemberImport>> ReadAsync(long member) => database.QueryAsync("""
        SELECT coalesce(name, instance), contract, source, uploaded, downloaded, as_of, weight, least(believed_up, 9223372036854775807)::bigint, least(believed_down, 9223372036854775807)::bigint
        FROM believed_imports WHERE member = $1 ORDER BY as_of DESC, id
        """, row => new MemberImport(
            row.IsDBNull(0) ? row.Address(1).ToString() : row.GetString(0), row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetFieldValue<DateTimeOffset>(5), row.GetInt32(6), row.GetInt64(7),
            row.GetInt64(8)), member);

    /// <summary>What a member brought from elsewhere, as its passport says it: also what came into its totals from a contract. The newest, as many as go into one.</summary>
    public Task<List<PassportImport>> ReadForPassportAsync(long member) => database.QueryAsync("""
        SELECT instance, contract, uploaded, downloaded, extract(epoch FROM as_of)::bigint FROM (
            SELECT instance, contract, uploaded, downloaded, as_of FROM imports WHERE member = $1
            UNION ALL
            SELECT NULL, i.holder, i.uploaded, i.downloaded, i.at FROM chain_import i JOIN users u ON u.user_id = i.username WHERE u.id = $1 AND i.imported AND i.holder IS NOT NULL) AS brought
        ORDER BY as_of DESC LIMIT $2
        """, row => new PassportImport(
            row.IsDBNull(0) ? row.Address(1).ToString() : row.GetString(0), (ulong)row.GetInt64(2), (ulong)row.GetInt64(3), (ulong)row.GetInt64(4)), member, Passport.MaxImports);

    /// <summary>Takes evidence that has been found good for a member.</summary>
    public Task<ImportOutcome> ImportAsync(long member, ImportEvidence evidence) => Repeatable.TransactAsync(database, async connection =>
    {
        var outcome = await ImportAsync(connection, member, evidence);
        return (outcome, outcome.Status is ImportStatus.Imported or ImportStatus.Updated);
    });

    private static async Task<ImportOutcome> ImportAsync(NpgsqlConnection connection, long member, ImportEvidence evidence)
    {
        if (await VouchAsync(connection, evidence) is not { } issuer)
            return Refused(PassportStep.Issuer, "who vouched for it has just been removed");
        // A contract's record may belong to a tracker whose instance is known by its passports.
        evidence = evidence with { Instance = evidence.Instance ?? issuer.Instance };
        if ((await connection.QueryAsync("SELECT now()", row => row.GetFieldValue<DateTimeOffset>(0)))[0] is var now && (issuer.ValidFrom > now || issuer.ValidUntil <= now))
            return Refused(PassportStep.Issuer, $"issuer {issuer.Name} is not believed at this time");
        // A claim to somebody else's contract would take the place of what that says.
        if (await connection.QueryAsync("SELECT name FROM issuers WHERE contract = $1::bytea AND signer <> $2::bytea LIMIT 1", row => row.GetString(0), evidence.Contract, evidence.Signer) is [var owner])
            return Refused(PassportStep.Issuer, $"its contract is that of issuer {owner}, which did not sign it");
        if (issuer.LeastAge > 0 && !(evidence.MemberSince <= now - TimeSpan.FromDays(issuer.LeastAge)))
            return Refused(PassportStep.MemberAge, $"issuer {issuer.Name} is believed of those who have been its members for {issuer.LeastAge} days: come back later with a new passport");
        if ((await connection.QueryAsync("SELECT id FROM users WHERE id = $1 AND proven AND key = $2 FOR NO KEY UPDATE", row => row.GetInt64(0), member, evidence.Key)).Count == 0)
            return Refused(PassportStep.SubjectKey, "its subject's key is not the member's");
        if (await ImportClaims.ClaimAsync(connection, member, evidence.Subject, evidence.Key, evidence.Issuers, inTotals: false) is { } taken)
            return Refused(PassportStep.Counted, taken);

        var known = await connection.QueryAsync("""
            SELECT id, as_of, (subject, key, uploaded, downloaded) = ($4, $5, $6, $7) FROM imports WHERE member = $1 AND (instance = $2::text OR contract = $3::bytea) ORDER BY as_of DESC, id FOR UPDATE
            """, row => (Id: row.GetInt64(0), AsOf: row.GetFieldValue<DateTimeOffset>(1), IsSame: row.GetBoolean(2)),
            member, evidence.Instance, evidence.Contract, evidence.Subject, evidence.Key, evidence.Up, evidence.Down);
        var asOf = evidence.AsOf ?? now;
        if (known is [{ } newest, ..] && newest.AsOf >= asOf)
        {
            return newest.IsSame && newest.AsOf == asOf ? await OutcomeAsync(connection, ImportStatus.Unchanged, newest.Id, issuer)
                : Refused(PassportStep.Older, $"what counts of issuer {issuer.Name} is of {newest.AsOf.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z, and this is no newer: ask for a new passport");
        }

        await connection.ExecuteAsync("DELETE FROM imports WHERE id = ANY($1)", known.Select(import => import.Id).ToArray());
        var id = (await connection.QueryAsync("""
            INSERT INTO imports (member, source, subject, key, instance, signer, contract, chain_id, uploaded, downloaded, as_of)
            VALUES ($1, $2, $3, $4, $5::text, $6::bytea, $7::bytea, $8::bigint, $9, $10, $11) RETURNING id
            """, row => row.GetInt64(0), member, evidence.Signer is null ? "contract" : "passport", evidence.Subject, evidence.Key, evidence.Instance, evidence.Signer, evidence.Contract, evidence.ChainId,
            evidence.Up, evidence.Down, asOf))[0];
        await connection.ExecuteAsync("SELECT believe_imports(ARRAY[$1::bigint])", member);
        return await OutcomeAsync(connection, known.Count == 0 ? ImportStatus.Imported : ImportStatus.Updated, id, issuer);
    }

    /// <summary>Who vouches for it, locked so that nobody changes it meanwhile; bound to the tracker it is from where it was bound to none.</summary>
    private static async Task<IssuerRow?> VouchAsync(NpgsqlConnection connection, ImportEvidence evidence)
    {
        object?[] values = [evidence.Signer, evidence.Contract, evidence.ChainId, evidence.Instance];
        if (evidence.Instance is not null)
        {
            // Before the row is locked for sharing: two that did this afterwards would wait for each other.
            await connection.ExecuteAsync($"""
                UPDATE issuers SET instance = $4 WHERE instance IS NULL AND id = (SELECT id FROM issuers WHERE {IssuerRow.Vouching})
                """, values);
        }

        return (await connection.QueryAsync($"SELECT {IssuerRow.Columns} FROM issuers WHERE {IssuerRow.Vouching} FOR SHARE", IssuerRow.Read, values)).FirstOrDefault();
    }

    private static async Task<ImportOutcome> OutcomeAsync(NpgsqlConnection connection, ImportStatus status, long id, IssuerRow issuer)
    {
        var (up, down) = (await connection.QueryAsync(
            "SELECT least(believed_up, 9223372036854775807)::bigint, least(believed_down, 9223372036854775807)::bigint FROM believed_imports WHERE id = $1", row => (row.GetInt64(0), row.GetInt64(1)), id))[0];
        return new(status, Issuer: issuer.Name, Up: up, Down: down);
    }

    private static ImportOutcome Refused(PassportStep step, string reason) => new(ImportStatus.Refused, step, reason);
}
