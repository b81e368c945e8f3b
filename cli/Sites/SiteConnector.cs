using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using MySqlConnector;
using Pbts.Cli.Commands;
using Pbts.Peer;

namespace Pbts.Cli.Sites;

/// <summary>Follows a tracker's changes and applies them to a site, for as long as it runs; whichever of the two is away, it comes back to it.</summary>
internal sealed class SiteConnector(TrackerClient client, string database, Action<string> say)
{
    private const int MostBatches = 100;
    private const int WaitSeconds = 20;
    private const int Gone = 410;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private TimeSpan _pause = FirstPause;

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="SiteException">It cannot go on by itself.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string problem;
            try
            {
                problem = await FollowAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (error is SocketException || (error is MySqlException refused && IsPassing(refused)))
            {
                problem = $"the site's database: {error.Message}";
            }
            catch (Exception error) when (error is IOException or HttpRequestException or TimeoutException or JsonException)
            {
                problem = $"the tracker's answer broke off: {error.Message}";
            }

            say(string.Create(CultureInfo.InvariantCulture, $"{problem}; again in {_pause.TotalSeconds:0.#} s"));
            await Task.Delay(_pause, cancellationToken).ConfigureAwait(false);
            _pause = TimeSpan.FromTicks(Math.Min(2 * _pause.Ticks, LongestPause.Ticks));
        }
    }

    /// <summary>Whether it may be otherwise in a while: the server was away, or two waited for each other. Of a connection that is reset the driver gives the bare <see cref="SocketException"/> at times.</summary>
    private static bool IsPassing(MySqlException error) =>
        error.IsTransient || error.ErrorCode is MySqlErrorCode.ServerShutdown or MySqlErrorCode.LockDeadlock or MySqlErrorCode.LockWaitTimeout
        || error.GetBaseException() is IOException or SocketException or ObjectDisposedException || error.Number == 0;

    /// <summary>Applies what there is and comes; gives what went wrong with the tracker.</summary>
    private async Task<string> FollowAsync(CancellationToken cancellationToken)
    {
        if (await client.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is not { } instance)
            return "the tracker is not reached";
        var connection = new MySqlConnection(MySqlAddress.Parse(database).ConnectionString);
        await using (connection.ConfigureAwait(false))
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            var tables = new Unit3dTables(connection);
            var cursor = await tables.FindCursorAsync(instance.ToString(), cancellationToken).ConfigureAwait(false);
            say($"applying changes after {cursor}");
            while (true)
            {
                var (lines, problem) = await client.OpenAsync(string.Create(CultureInfo.InvariantCulture, $"api/v1/changes?after={cursor}&limit={MostBatches}&wait={WaitSeconds}"), cancellationToken).ConfigureAwait(false);
                if (problem?.Status == Gone)
                    throw new SiteException(ExitCodes.Refused, NotKept(cursor, problem));
                if (problem is { IsUnreachable: false, Status: not (429 or >= 500) })
                    throw new SiteException(ExitCodes.Refused, problem.Error!);
                if (lines is null)
                    return problem!.Error!;
                await using (lines.ConfigureAwait(false))
                {
                    await foreach (var batch in ChangeBatch.ReadAsync(lines, Patience, cancellationToken).ConfigureAwait(false))
                    {
                        var now = await tables.ApplyAsync(batch, cursor, cancellationToken).ConfigureAwait(false);
                        (cursor, _pause) = (now, FirstPause);
                        if (now != batch.Cursor)
                            break;
                    }
                }
            }
        }
    }

    private static string NotKept(long cursor, ApiResult problem)
    {
        var next = problem.Body is { ValueKind: JsonValueKind.Object } body && body.TryGetProperty("cursor", out var value) ? value.GetRawText() : "0";
        return $"changes after {cursor} are not kept any more, so some never reached the site. What members are credited with now is in GET /api/v1/members, and what they did with torrents in GET /api/v1/history: "
            + $"bring the site's totals up to them, then UPDATE pbts_cursor SET position = {next}, and start again";
    }
}
