using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using MySqlConnector;

namespace Pbts.Cli.Sites;

/// <summary>
/// Applies changes to UNIT3D's tables as its own announce service does, each batch and the cursor behind it in one transaction: so
/// exactly once, whoever is killed when. Of members and torrents that the site has not, or no more, nothing is kept.
/// </summary>
internal sealed class Unit3dTables(MySqlConnection connection)
{
    /// <summary>Rows in one statement, which is within the packet that any server takes.</summary>
    private const int MostRows = 5000;

    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    // The rows first, in all of these: asked in the other order, for each of the site's, the database reads their JSON again each time.
    private const string Members = """
        UPDATE JSON_TABLE(@rows, '$[*]' COLUMNS (user_id INT UNSIGNED PATH '$.user_id', up BIGINT PATH '$.uploaded_delta', down BIGINT PATH '$.downloaded_delta')) AS said
            STRAIGHT_JOIN users ON users.id = said.user_id
        SET users.uploaded = IF(up < 0 AND users.uploaded < -up, 0, users.uploaded + up), users.downloaded = IF(down < 0 AND users.downloaded < -down, 0, users.downloaded + down)
        """;

    private const string History = """
        INSERT INTO history (user_id, torrent_id, agent, uploaded, actual_uploaded, client_uploaded, downloaded, actual_downloaded, client_downloaded, seeder, active, seedtime, immune, created_at, updated_at, completed_at)
        SELECT said.user_id, said.torrent_id, said.client, credited_up, up, client_up, credited_down, down, client_down, said.seeder, said.active, seconds, COALESCE(is_immune, 0),
            FROM_UNIXTIME(first_seen), FROM_UNIXTIME(last_seen), FROM_UNIXTIME(completed)
        FROM JSON_TABLE(@rows, '$[*]' COLUMNS (
            user_id INT UNSIGNED PATH '$.user_id', torrent_id INT UNSIGNED PATH '$.torrent_id', client VARCHAR(64) PATH '$.client', up BIGINT PATH '$.uploaded_delta', down BIGINT PATH '$.downloaded_delta',
            credited_up BIGINT PATH '$.credited_uploaded_delta', credited_down BIGINT PATH '$.credited_downloaded_delta', client_up BIGINT PATH '$.client_uploaded', client_down BIGINT PATH '$.client_downloaded',
            seconds BIGINT PATH '$.seed_time_delta', first_seen BIGINT PATH '$.first_seen', last_seen BIGINT PATH '$.last_seen', completed BIGINT PATH '$.completed_at',
            seeder TINYINT PATH '$.seeder', active TINYINT PATH '$.active')) AS said
        STRAIGHT_JOIN users ON users.id = said.user_id STRAIGHT_JOIN torrents ON torrents.id = said.torrent_id LEFT JOIN `groups` ON `groups`.id = users.group_id
        ON DUPLICATE KEY UPDATE agent = VALUES(agent), uploaded = history.uploaded + VALUES(uploaded), actual_uploaded = history.actual_uploaded + VALUES(actual_uploaded), client_uploaded = VALUES(client_uploaded),
            downloaded = history.downloaded + VALUES(downloaded), actual_downloaded = history.actual_downloaded + VALUES(actual_downloaded), client_downloaded = VALUES(client_downloaded),
            seeder = VALUES(seeder), active = VALUES(active), seedtime = history.seedtime + VALUES(seedtime), immune = history.immune AND VALUES(immune), updated_at = VALUES(updated_at),
            completed_at = COALESCE(history.completed_at, VALUES(completed_at))
        """;

    private const string Torrents = """
        UPDATE JSON_TABLE(@rows, '$[*]' COLUMNS (torrent_id INT UNSIGNED PATH '$.torrent_id', seeding INT PATH '$.seeders', leeching INT PATH '$.leechers', times INT PATH '$.times_completed')) AS said
            STRAIGHT_JOIN torrents ON torrents.id = said.torrent_id
        SET torrents.seeders = seeding, torrents.leechers = leeching, torrents.times_completed = times
        """;

    private const string Balances = """
        UPDATE JSON_TABLE(@rows, '$[*]' COLUMNS (torrent_id INT UNSIGNED PATH '$.torrent_id', delta BIGINT PATH '$.delta')) AS said
            STRAIGHT_JOIN torrents ON torrents.id = said.torrent_id
        SET torrents.balance = torrents.balance + delta
        """;

    private const string Peer = """
        JSON_TABLE(@rows, '$[*]' COLUMNS (
            user_id INT UNSIGNED PATH '$.user_id', torrent_id INT UNSIGNED PATH '$.torrent_id', peer CHAR(40) PATH '$.peer_id', client VARCHAR(64) PATH '$.client', address VARCHAR(45) PATH '$.ip',
            port INT PATH '$.port', up BIGINT PATH '$.uploaded', down BIGINT PATH '$.downloaded', missing BIGINT PATH '$.left', seeder TINYINT PATH '$.seeder', last_seen BIGINT PATH '$.last_seen')) AS said
        """;

    private const string Peers = $"""
        INSERT INTO peers (peer_id, ip, port, agent, uploaded, downloaded, `left`, seeder, active, visible, created_at, updated_at, torrent_id, user_id, connectable)
        SELECT UNHEX(peer), INET6_ATON(address), said.port, said.client, up, down, missing, said.seeder, 1, 1, FROM_UNIXTIME(last_seen), FROM_UNIXTIME(last_seen), said.torrent_id, said.user_id, 0
        FROM {Peer} STRAIGHT_JOIN users ON users.id = said.user_id STRAIGHT_JOIN torrents ON torrents.id = said.torrent_id
        ON DUPLICATE KEY UPDATE ip = VALUES(ip), port = VALUES(port), agent = VALUES(agent), uploaded = VALUES(uploaded), downloaded = VALUES(downloaded), `left` = VALUES(`left`), seeder = VALUES(seeder),
            active = VALUES(active), visible = VALUES(visible), updated_at = VALUES(updated_at)
        """;

    private const string PeersGone = $"DELETE peers FROM {Peer} STRAIGHT_JOIN peers ON peers.user_id = said.user_id AND peers.torrent_id = said.torrent_id AND peers.peer_id = UNHEX(peer)";

    private const string Unregistered = """
        INSERT INTO unregistered_info_hashes (user_id, info_hash, created_at, updated_at) SELECT said.user_id, UNHEX(hash), FROM_UNIXTIME(last_seen), FROM_UNIXTIME(last_seen)
        FROM JSON_TABLE(@rows, '$[*]' COLUMNS (user_id INT UNSIGNED PATH '$.user_id', hash CHAR(40) PATH '$.infohash', last_seen BIGINT PATH '$.last_seen')) AS said STRAIGHT_JOIN users ON users.id = said.user_id
        ON DUPLICATE KEY UPDATE updated_at = VALUES(updated_at)
        """;

    /// <summary>Where the changes of a tracker go on; the table for that is made where it is not there.</summary>
    /// <exception cref="SiteException">The site follows another tracker.</exception>
    public async Task<long> FindCursorAsync(string tracker, CancellationToken cancellationToken)
    {
        await ExecuteAsync("SET SESSION time_zone = '+00:00'", cancellationToken).ConfigureAwait(false);
        try
        {
            return await ReadCursorAsync(tracker, cancellationToken).ConfigureAwait(false);
        }
        catch (MySqlException problem) when (problem.ErrorCode == MySqlErrorCode.NoSuchTable)
        {
            await ExecuteAsync("CREATE TABLE IF NOT EXISTS pbts_cursor (id TINYINT UNSIGNED PRIMARY KEY, tracker CHAR(64) NOT NULL, position BIGINT UNSIGNED NOT NULL) ENGINE=InnoDB", cancellationToken).ConfigureAwait(false);
            return await ReadCursorAsync(tracker, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Applies a batch; gives where the site is now: elsewhere than at the batch's end when it was not where the batch begins.</summary>
    public async Task<long> ApplyAsync(ChangeBatch batch, long after, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            using var ask = new MySqlCommand("SELECT position FROM pbts_cursor WHERE id = 1 FOR UPDATE", connection, transaction);
            var now = Convert.ToInt64(await ask.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
            if (now != after)
                return now;
            await RunAsync(Members, batch.Members).ConfigureAwait(false);
            await RunAsync(History, batch.History).ConfigureAwait(false);
            await RunAsync(Torrents, batch.Torrents).ConfigureAwait(false);
            await RunAsync(Balances, batch.Balances).ConfigureAwait(false);
            await RunAsync(PeersGone, batch.Peers.Where(peer => !peer.Active)).ConfigureAwait(false);
            await RunAsync(Peers, batch.Peers.Where(peer => peer.Active)).ConfigureAwait(false);
            await RunAsync(Unregistered, batch.Unregistered).ConfigureAwait(false);
            using var move = new MySqlCommand("UPDATE pbts_cursor SET position = @position WHERE id = 1", connection, transaction);
            move.Parameters.AddWithValue("@position", batch.Cursor);
            await move.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return batch.Cursor;

            async Task RunAsync<T>(string sql, IEnumerable<T> rows)
            {
                foreach (var some in rows.Chunk(MostRows))
                {
                    using var command = new MySqlCommand(sql, connection, transaction);
                    command.Parameters.AddWithValue("@rows", JsonSerializer.Serialize(some, Names));
                    await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task<long> ReadCursorAsync(string tracker, CancellationToken cancellationToken)
    {
        using var command = new MySqlCommand("SELECT tracker, position FROM pbts_cursor WHERE id = 1", connection);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            if (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return reader.GetString(0) == tracker ? reader.GetInt64(1)
                    : throw new SiteException(Commands.ExitCodes.Refused, $"the site has followed another tracker ({reader.GetString(0)}): if that is meant to end, delete the row in pbts_cursor");
            }
        }

        using var insert = new MySqlCommand("INSERT IGNORE INTO pbts_cursor (id, tracker, position) VALUES (1, @tracker, 0)", connection);
        insert.Parameters.AddWithValue("@tracker", tracker);
        await insert.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
