using Npgsql;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Database;

/// <summary>
/// Statements with positional parameters. A value may be null, an <see cref="EthereumAddress"/> (20 bytes) or a member of an
/// enumeration (its text). On a data source they outlive a restart of the database; on a connection they are part of the
/// caller's transaction, and repeated with that.
/// </summary>
internal static class Sql
{
    /// <summary>Gives the rows of a statement that may run twice without harm, see <see cref="Repeatable.RunAsync"/>.</summary>
    public static Task<List<T>> QueryAsync<T>(this NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> map, params object?[] values) =>
        Repeatable.RunAsync(async () =>
        {
            await using var connection = await database.OpenConnectionAsync();
            return await connection.QueryAsync(sql, map, values);
        });

    /// <summary>Gives the rows of a statement.</summary>
    public static async Task<List<T>> QueryAsync<T>(this NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        await using var command = Command(connection, sql, values);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(map(reader));
        return rows;
    }

    /// <summary>Gives the first value of the first row, of a statement that may run twice; the type's default when there is no row.</summary>
    public static async Task<T?> ValueAsync<T>(this NpgsqlDataSource database, string sql, params object?[] values) =>
        (await database.QueryAsync(sql, row => row.GetFieldValue<T>(0), values)).FirstOrDefault();

    /// <summary>Runs a statement that is not repeated once it may have been carried out, see <see cref="Repeatable.TransactAsync"/>; gives the rows it changed.</summary>
    public static Task<int> ExecuteAsync(this NpgsqlDataSource database, string sql, params object?[] values) =>
        Repeatable.TransactAsync(database, async connection => (await connection.ExecuteAsync(sql, values), true));

    /// <summary>Runs a statement; gives the rows it changed.</summary>
    public static async Task<int> ExecuteAsync(this NpgsqlConnection connection, string sql, params object?[] values)
    {
        await using var command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>A value that may be NULL, which is the default of <typeparamref name="T"/>: that of a class, or of a nullable type.</summary>
    public static T? Maybe<T>(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? default : reader.GetFieldValue<T>(column);

    /// <summary>An address.</summary>
    public static EthereumAddress Address(this NpgsqlDataReader reader, int column) => new(reader.GetFieldValue<byte[]>(column));

    /// <summary>An address that may be NULL.</summary>
    public static EthereumAddress? MaybeAddress(this NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.Address(column);

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object?[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new()
            {
                Value = value switch
                {
                    null => DBNull.Value,
                    EthereumAddress address => address.ToArray(),
                    Enum member => member.ToText(),
                    _ => value,
                },
            });
        }
        return command;
    }
}
