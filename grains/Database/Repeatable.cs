using Npgsql;

namespace Pbts.Grains.Database;

/// <summary>Statements that may run twice without harm: questions, and changes that are the same the second time.</summary>
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
            catch (NpgsqlException e) when (e.IsTransient && e.InnerException is not TimeoutException && attempt < Attempts)
            {
            }
        }
    }
}
