using Npgsql;
using Pbts.GrainInterfaces.Policy;
using Pbts.Grains.Database;

namespace Pbts.Grains.Policy;

/// <summary>The table of tokens for programs.</summary>
internal sealed class ApiTokenStore(NpgsqlDataSource database)
{
    private const string Columns = "id, name, scopes, made_at, last_used_at, revoked_at";
    private const int ReadTimeout = 2;

    public Task<ApiToken?> CreateAsync(string name, IReadOnlyList<string> scopes, byte[] hash) => Repeatable.TransactAsync<ApiToken?>(database, async connection =>
    {
        // Whoever makes one waits for the others, so that there are never too many.
        await using var count = new NpgsqlCommand("LOCK TABLE api_tokens IN SHARE ROW EXCLUSIVE MODE; SELECT count(*) FROM api_tokens WHERE revoked_at IS NULL", connection);
        if ((long)(await count.ExecuteScalarAsync())! >= IApiTokensGrain.Most)
            return (null, false);
        await using var insert = new NpgsqlCommand($"INSERT INTO api_tokens (name, scopes, token_hash) VALUES ($1, $2, $3) RETURNING {Columns}", connection)
        {
            Parameters = { new() { Value = name }, new() { Value = scopes.ToArray() }, new() { Value = hash } },
        };
        await using var reader = await insert.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (Read(reader), true);
    });

    public Task<IReadOnlyList<ApiToken>> ListAsync() => Repeatable.RunAsync<IReadOnlyList<ApiToken>>(async () =>
    {
        await using var command = database.CreateCommand($"SELECT {Columns} FROM api_tokens ORDER BY id DESC LIMIT 1000");
        await using var reader = await command.ExecuteReaderAsync();
        var tokens = new List<ApiToken>();
        while (await reader.ReadAsync())
            tokens.Add(Read(reader));
        return tokens;
    });

    /// <summary>Those that may still be used.</summary>
    public Task<IReadOnlyList<ApiTokenGrant>> ReadGrantsAsync() => Repeatable.RunAsync<IReadOnlyList<ApiTokenGrant>>(async () =>
    {
        await using var command = database.CreateCommand("SELECT token_hash, id, name, scopes FROM api_tokens WHERE revoked_at IS NULL");
        command.CommandTimeout = ReadTimeout;
        await using var reader = await command.ExecuteReaderAsync();
        var grants = new List<ApiTokenGrant>();
        while (await reader.ReadAsync())
            grants.Add(new(reader.GetFieldValue<byte[]>(0), reader.GetInt64(1), reader.GetString(2), reader.GetFieldValue<string[]>(3)));
        return grants;
    });

    public async Task<bool> RevokeAsync(long id) =>
        await database.ExecuteAsync("UPDATE api_tokens SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL", id) > 0;

    public Task TouchAsync(IReadOnlyList<long> ids) => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("UPDATE api_tokens SET last_used_at = now() WHERE id = ANY($1)");
        command.Parameters.Add(new() { Value = ids.ToArray() });
        return await command.ExecuteNonQueryAsync();
    });

    private static ApiToken Read(NpgsqlDataReader reader) => new(
        reader.GetInt64(0), reader.GetString(1), reader.GetFieldValue<string[]>(2), reader.GetFieldValue<DateTimeOffset>(3),
        reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4), reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5));
}
