using System.Globalization;
using System.Runtime.CompilerServices;
using MySqlConnector;

namespace Pbts.Cli.Sites;

/// <summary>
/// A site's database, read in one transaction that sees it as it was when it began and may write nothing. Tables are read in blocks
/// by the key they are ordered by: a result that is open for minutes would be cut off by the server.
/// </summary>
internal abstract class MySqlSource(MySqlConnection connection) : IImportSource
{
    private const int BlockRows = 1000;

    /// <summary>Opens a database and begins the transaction.</summary>
    public static async Task<MySqlConnection> OpenAsync(string url, CancellationToken cancellationToken)
    {
        var connection = new MySqlConnection(MySqlAddress.Parse(url).ConnectionString);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        foreach (var statement in (string[])["SET SESSION time_zone = '+00:00'", "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"])
        {
            using var command = new MySqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        return connection;
    }

    public async Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (kind, table) in Tables)
        {
            using var command = new MySqlCommand($"SELECT COUNT(*) FROM {table}", connection);
            counts[kind] = Convert.ToInt64(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
        }

        return counts;
    }

    public abstract IAsyncEnumerable<ImportGroup> GroupsAsync(CancellationToken cancellationToken);

    public abstract IAsyncEnumerable<SourceMember> MembersAsync(CancellationToken cancellationToken);

    public abstract IAsyncEnumerable<SourceTorrent> TorrentsAsync(CancellationToken cancellationToken);

    public abstract IAsyncEnumerable<ImportHistory> HistoryAsync(CancellationToken cancellationToken);

    public abstract IAsyncEnumerable<ImportToken> TokensAsync(CancellationToken cancellationToken);

    public abstract IAsyncEnumerable<ImportClient> ClientsAsync(CancellationToken cancellationToken);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>The tables of the kinds that are counted.</summary>
    protected abstract IEnumerable<(string Kind, string Table)> Tables { get; }

    /// <summary>All rows of a small table.</summary>
    protected IAsyncEnumerable<T> ReadAsync<T>(string sql, Func<MySqlDataReader, T> read, CancellationToken cancellationToken) => ReadAsync(new MySqlCommand(sql, connection), read, cancellationToken);

    /// <summary>Rows in blocks of about a thousand.</summary>
    /// <param name="table">The table with the key.</param>
    /// <param name="key">An indexed column of numbers; rows with the same stay in one block.</param>
    /// <param name="sql">The rows of a block: those whose key is above <c>@after</c> and at most <c>@last</c>.</param>
    /// <param name="read">Reads one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    protected async IAsyncEnumerable<T> BlocksAsync<T>(string table, string key, string sql, Func<MySqlDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long? after = long.MinValue, last; after is not null; after = last)
        {
            using (var end = new MySqlCommand($"SELECT {key} FROM {table} WHERE {key} > @after ORDER BY {key} LIMIT 1 OFFSET {BlockRows - 1}", connection))
            {
                end.Parameters.AddWithValue("@after", after);
                last = await end.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is { } found ? Convert.ToInt64(found, CultureInfo.InvariantCulture) : null;
            }

            var block = new MySqlCommand(sql, connection);
            block.Parameters.AddWithValue("@after", after);
            block.Parameters.AddWithValue("@last", last ?? long.MaxValue);
            await foreach (var row in ReadAsync(block, read, cancellationToken).ConfigureAwait(false))
                yield return row;
        }
    }

    /// <summary>A number, which may be larger than any that is kept.</summary>
    protected static long Number(MySqlDataReader reader, int column) => reader.GetValue(column) switch
    {
        ulong large => (long)Math.Min(large, long.MaxValue),
        var value => Convert.ToInt64(value, CultureInfo.InvariantCulture),
    };

    protected static long? NumberOrNull(MySqlDataReader reader, int column) => reader.IsDBNull(column) ? null : Number(reader, column);

    protected static bool Flag(MySqlDataReader reader, int column) => !reader.IsDBNull(column) && Number(reader, column) != 0;

    protected static string Name(MySqlDataReader reader, int column) => Number(reader, column).ToString(CultureInfo.InvariantCulture);

    private static async IAsyncEnumerable<T> ReadAsync<T>(MySqlCommand command, Func<MySqlDataReader, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using (command)
        {
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    yield return read(reader);
            }
        }
    }
}
