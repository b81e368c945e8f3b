using Npgsql;

namespace Pbts.Grains.Database;

/// <summary>Commits that may be acknowledged.</summary>
internal static class Commits
{
    /// <summary>Seconds that one may take, a synchronous standby included; a server that is cut off from its standby never answers.</summary>
    public const int Patience = 10;

    /// <summary>Where in PostgreSQL a commit waits for its standbys; not translated, as its words are.</summary>
    private const string WaitForStandby = "SyncRepWaitForLSN";

    /// <summary>
    /// Commits, and fails where the commit may be lost with this server: PostgreSQL calls one that it no longer waited with for
    /// its standby (because our time was up, or somebody cancelled it) a success, with a warning.
    /// </summary>
    /// <param name="seconds">What it may take; 0: any time.</param>
    /// <exception cref="NpgsqlException">Whether it was carried out nobody knows, or the standby may not have it.</exception>
    public static async Task CommitSafelyAsync(this NpgsqlTransaction transaction, int seconds = Patience)
    {
        var connection = transaction.Connection!;
        var safe = true;
        void Notice(object sender, NpgsqlNoticeEventArgs e) => safe &= e.Notice.Routine != WaitForStandby;

        connection.Notice += Notice;
        try
        {
            await using var commit = new NpgsqlCommand("COMMIT", connection, transaction) { CommandTimeout = seconds };
            await commit.ExecuteNonQueryAsync();
        }
        finally
        {
            connection.Notice -= Notice;
        }

        if (!safe)
            throw new NpgsqlException("The commit was given up before the standby had it.");
    }
}
