using Npgsql;
using Pbts.Hosting.Resilience;

namespace Pbts.Grains.Database;

/// <summary>
/// Statements that may run twice without harm: questions, changes that are the same the second time, and those of
/// transactions that have not been committed.
/// </summary>
internal static class Repeatable
{
    private const int Attempts = 3;

    /// <summary>
    /// Runs it again, at once, when its connection turns out to be broken: after a restart of the database all pooled ones
    /// are, and only use shows it (whereupon Npgsql discards them). A database that is still away refuses the new
    /// connection immediately, so nobody waits for it.
    /// </summary>
    public static async Task<T> RunAsync<T>(Func<Task<T>> statement)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await statement();
            }
            catch (NpgsqlException e) when (Away.IsBrokenConnection(e) && attempt < Attempts)
            {
            }
        }
    }

    /// <summary>
    /// Runs a transaction whose statements need not be repeatable: again when its connection turns out to be broken before
    /// COMMIT was sent, or its server to be read-only, because until then the database keeps nothing of it. Whether a COMMIT without an answer was carried
    /// out nobody knows, so that is never repeated.
    /// </summary>
    /// <param name="statements">Gives the result, and whether to keep what was done.</param>
    public static async Task<T> TransactAsync<T>(NpgsqlDataSource database, Func<NpgsqlConnection, Task<(T Result, bool Keep)>> statements)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var connection = await database.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            T result;
            try
            {
                (result, var keep) = await statements(connection);
                if (!keep)
                    return result;
            }
            catch (NpgsqlException e) when (attempt < Attempts && (Away.IsBrokenConnection(e) || LeaveReadOnly(database, e)))
            {
                continue;
            }

            await transaction.CommitSafelyAsync();
            return result;
        }
    }

    /// <summary>Whether the server had become read-only: then its open connections are given up, for one that takes writes.</summary>
    public static bool LeaveReadOnly(NpgsqlDataSource database, NpgsqlException e)
    {
        if (!Away.IsReadOnly(e))
            return false;
        database.Clear();
        // Those of Orleans.
        NpgsqlConnection.ClearAllPools();
        return true;
    }
}
