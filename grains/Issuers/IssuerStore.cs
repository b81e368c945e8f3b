using Npgsql;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Issuers;

/// <summary>
/// The table of issuers. Whoever changes one sets in the same transaction what counts of all that members brought from it. Rows of
/// issuers are locked before those of members, here and where passports are taken.
/// </summary>
internal sealed class IssuerStore(NpgsqlDataSource database)
{
    /// <summary>Seconds: an issuer may have brought very many members.</summary>
    private const int BelieveTimeout = 110;

    private const string InForce = "(valid_from IS NULL OR valid_from <= now()) AND (valid_until IS NULL OR valid_until > now())";

    /// <summary>Members with an import that an issuer of this signer or contract may vouch for.</summary>
    private const string Members = "SELECT coalesce(array_agg(DISTINCT member), '{}') FROM imports WHERE signer = $1 OR contract = $2::bytea";

    public Task<List<Issuer>> ListAsync() => database.QueryAsync($"""
        SELECT {IssuerRow.Columns}, (SELECT count(*) FROM believed_imports WHERE believed_imports.name = issuers.name) FROM issuers ORDER BY name
        """, row => IssuerRow.Read(row).ToIssuer(row.GetInt64(11)));

    /// <summary>Who vouches for evidence; null: nobody.</summary>
    public async Task<IssuerRow?> FindAsync(ImportEvidence evidence) => (await database.QueryAsync(
        $"SELECT {IssuerRow.Columns} FROM issuers WHERE {IssuerRow.Vouching}", IssuerRow.Read, evidence.Signer, evidence.Contract, evidence.ChainId, evidence.Instance)).FirstOrDefault();

    /// <summary>Why nobody vouches for evidence that is signed.</summary>
    public async Task<string> WhyNobodyAsync(ImportEvidence evidence) =>
        await database.QueryAsync("SELECT name FROM issuers WHERE signer = $1::bytea ORDER BY id LIMIT 1", row => row.GetString(0), evidence.Signer) is [var name]
            ? $"issuer {name} has the address {evidence.Signer}, but is another tracker: instance {evidence.Instance} with contract {evidence.Contract?.ToString() ?? "none"} is not on the list"
            : $"{evidence.Signer} is not on this tracker's list of issuers: ask its operator to add it (pbts issuer add)";

    /// <summary>Adds or replaces an issuer; gives it, or why not.</summary>
    public Task<IssuerResult> SetAsync(Issuer issuer, EthereumAddress signer, EthereumAddress? contract) => Repeatable.TransactAsync(database, async connection =>
    {
        await connection.ExecuteAsync("LOCK TABLE issuers IN SHARE ROW EXCLUSIVE MODE");
        var before = (await connection.QueryAsync($"SELECT {IssuerRow.Columns} FROM issuers WHERE name = $1", IssuerRow.Read, issuer.Name)).FirstOrDefault();
        if (before is null && (await connection.QueryAsync("SELECT count(*) FROM issuers", row => row.GetInt64(0)))[0] >= Issuer.Most)
            return (new IssuerResult(null, $"there are at most {Issuer.Most} issuers"), false);
        // One tracker under two names would be believed twice.
        var same = await connection.QueryAsync("""
            SELECT name FROM issuers
            WHERE name <> $1 AND signer = $2 AND ((contract IS NULL) <> ($3::bytea IS NULL) OR (contract, chain_id, instance) IS NOT DISTINCT FROM ($3, $4::bigint, $5::text))
            """, row => row.GetString(0), issuer.Name, signer, contract, issuer.ChainId, issuer.Instance);
        if (same.Count > 0)
            return (new IssuerResult(null, $"the address is that of issuer {same[0]}: change that, or remove it first"), false);
        await connection.ExecuteAsync($"""
            INSERT INTO issuers AS old (name, signer, contract, chain_id, instance, weight, cap, least_age, valid_from, valid_until, in_force)
            VALUES ($1, $2, $3::bytea, $4::bigint, $5::text, $6, $7::bigint, $8, $9::timestamptz, $10::timestamptz, false)
            ON CONFLICT (name) DO UPDATE SET signer = excluded.signer, contract = excluded.contract, chain_id = excluded.chain_id, instance = excluded.instance, weight = excluded.weight,
                cap = excluded.cap, least_age = excluded.least_age, valid_from = excluded.valid_from, valid_until = excluded.valid_until
            """, issuer.Name, signer, contract, issuer.ChainId, issuer.Instance, (short)issuer.Weight, issuer.Cap, issuer.LeastAge, issuer.ValidFrom, issuer.ValidUntil);
        await connection.ExecuteAsync($"UPDATE issuers SET in_force = {InForce} WHERE name = $1", issuer.Name);
        if (before is not null)
            await BelieveAsync(connection, before.Signer, before.Contract);
        await BelieveAsync(connection, signer, contract);
        return (new IssuerResult(issuer), true);
    });

    /// <summary>Removes an issuer; what was brought from it stays and counts nothing. False when there is none of this name.</summary>
    public Task<bool> RemoveAsync(string name) => Repeatable.TransactAsync(database, async connection =>
    {
        var gone = await connection.QueryAsync($"DELETE FROM issuers WHERE name = $1 RETURNING {IssuerRow.Columns}", IssuerRow.Read, name);
        if (gone is [var issuer])
            await BelieveAsync(connection, issuer.Signer, issuer.Contract);
        return (gone.Count > 0, true);
    });

    /// <summary>Takes up issuers whose time has come and lets those go whose time is over. Every silo does it, and each change is made once.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> RefreshAsync() => Repeatable.TransactAsync(database, async connection =>
    {
        var turned = await connection.QueryAsync($"""
            WITH due AS (SELECT id FROM issuers WHERE in_force <> ({InForce}) ORDER BY id FOR UPDATE)
            UPDATE issuers SET in_force = {InForce} FROM due WHERE issuers.id = due.id RETURNING signer, contract
            """, row => (Signer: row.Address(0), Contract: row.MaybeAddress(1)));
        foreach (var (signer, contract) in turned)
            await BelieveAsync(connection, signer, contract);
        return (turned.Count, true);
    });

    private static async Task BelieveAsync(NpgsqlConnection connection, EthereumAddress signer, EthereumAddress? contract)
    {
        await using var command = new NpgsqlCommand($"SELECT believe_imports(({Members}))", connection) { CommandTimeout = BelieveTimeout };
        command.Parameters.Add(new() { Value = signer.ToArray() });
        command.Parameters.Add(new() { Value = (object?)contract?.ToArray() ?? DBNull.Value });
        await command.ExecuteNonQueryAsync();
    }
}
