using MySqlConnector;

namespace Pbts.Cli.Sites;

/// <summary>UNIT3D's tables, as its migrations make them.</summary>
internal sealed class Unit3dSource(MySqlConnection connection) : MySqlSource(connection)
{
    /// <summary>Of torrents with one infohash its announce service serves the approved one first, a deleted one last, and of several the oldest.</summary>
    private const string Rank = "CASE WHEN {0}.deleted_at IS NOT NULL THEN 2 WHEN {0}.status = 1 THEN 0 ELSE 1 END";

    private static readonly string OtherServed =
        $"EXISTS (SELECT 1 FROM torrents other WHERE other.info_hash = torrents.info_hash AND other.id <> torrents.id AND ({Of("other")} < {Of("torrents")} OR {Of("other")} = {Of("torrents")} AND other.id < torrents.id))";

    protected override IEnumerable<(string Kind, string Table)> Tables =>
        [(ImportReport.Members, "users WHERE deleted_at IS NULL"), (ImportReport.Torrents, "torrents"), (ImportReport.History, "history")];

    public override IAsyncEnumerable<ImportGroup> GroupsAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT id, name, download_slots, is_immune, IF(is_freeleech, 0, 100), IF(is_double_upload, 200, 100) FROM `groups` ORDER BY id",
        row => new ImportGroup(Number(row, 0), row.GetString(1), NumberOrNull(row, 2), Flag(row, 3), Number(row, 4), Number(row, 5)), cancellationToken);

    /// <summary>Its announce service refuses three groups, and ends a personal freeleech after a day.</summary>
    public override IAsyncEnumerable<SourceMember> MembersAsync(CancellationToken cancellationToken) => BlocksAsync("users", "id", """
        SELECT users.id, passkey, group_id, IF(slug IN ('banned', 'validating', 'disabled'), slug, NULL), can_download, is_donor, is_lifetime, uploaded, downloaded,
            (SELECT MAX(UNIX_TIMESTAMP(personal_freeleeches.created_at)) + 86400 FROM personal_freeleeches WHERE user_id = users.id)
        FROM users LEFT JOIN `groups` ON `groups`.id = group_id WHERE users.id > @after AND users.id <= @last AND users.deleted_at IS NULL ORDER BY users.id
        """,
        row => new SourceMember(
            new(Name(row, 0), row.GetString(1), NumberOrNull(row, 2), row.IsDBNull(3) ? null : row.GetString(3), Flag(row, 4), Flag(row, 5), Flag(row, 6)),
            Number(row, 7), Number(row, 8), NumberOrNull(row, 9)), cancellationToken);

    public override IAsyncEnumerable<SourceTorrent> TorrentsAsync(CancellationToken cancellationToken) => BlocksAsync("torrents", "id", $"""
        SELECT id, LOWER(HEX(info_hash)), IF(deleted_at IS NOT NULL, 4, status), 100 - LEAST(free, 100), IF(doubleup, 200, 100), IF(free > 0, UNIX_TIMESTAMP(fl_until), NULL), IF(doubleup, UNIX_TIMESTAMP(du_until), NULL),
            GREATEST(times_completed, 0), EXISTS (SELECT 1 FROM featured_torrents WHERE torrent_id = torrents.id), {OtherServed}
        FROM torrents WHERE id > @after AND id <= @last ORDER BY id
        """, ReadTorrent, cancellationToken);

    public override IAsyncEnumerable<ImportHistory> HistoryAsync(CancellationToken cancellationToken) => BlocksAsync("history", "user_id", """
        SELECT history.user_id, LOWER(HEX(info_hash)), actual_uploaded, actual_downloaded, client_uploaded, client_downloaded, seedtime,
            UNIX_TIMESTAMP(history.created_at), UNIX_TIMESTAMP(history.updated_at), UNIX_TIMESTAMP(completed_at), agent, seeder
        FROM history JOIN torrents ON torrents.id = history.torrent_id WHERE history.user_id > @after AND history.user_id <= @last ORDER BY history.user_id, history.torrent_id
        """,
        row => new ImportHistory(Name(row, 0), row.GetString(1), Number(row, 2), Number(row, 3), Number(row, 4), Number(row, 5), Number(row, 6),
            NumberOrNull(row, 7) ?? NumberOrNull(row, 8), NumberOrNull(row, 8) ?? NumberOrNull(row, 7), NumberOrNull(row, 9), row.GetString(10), Flag(row, 11)), cancellationToken);

    public override IAsyncEnumerable<ImportToken> TokensAsync(CancellationToken cancellationToken) => BlocksAsync("freeleech_tokens", "id",
        "SELECT freeleech_tokens.user_id, LOWER(HEX(info_hash)) FROM freeleech_tokens JOIN torrents ON torrents.id = torrent_id WHERE freeleech_tokens.id > @after AND freeleech_tokens.id <= @last ORDER BY freeleech_tokens.id",
        row => new ImportToken(Name(row, 0), row.GetString(1)), cancellationToken);

    public override IAsyncEnumerable<ImportClient> ClientsAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT peer_id_prefix, reason FROM blacklist_clients ORDER BY id", row => new ImportClient(row.GetString(0), Allowed: false, row.IsDBNull(1) ? null : row.GetString(1)), cancellationToken);

    private static string Of(string table) => Rank.Replace("{0}", table, StringComparison.Ordinal);

    private static SourceTorrent ReadTorrent(MySqlDataReader row)
    {
        var (freeUntil, doubleUntil, isFree, isDouble) = (NumberOrNull(row, 5), NumberOrNull(row, 6), Number(row, 3) < 100, Number(row, 4) > 100);
        var status = Number(row, 2) switch { 0 => "pending", 1 => "approved", 2 => "rejected", 3 => "postponed", _ => "deleted" };
        return new(Name(row, 0),
            new(row.GetString(1), Number(row, 0), status, null, Number(row, 3), Number(row, 4), new[] { freeUntil, doubleUntil }.Min(), Number(row, 7)), Flag(row, 8),
            Flag(row, 9) ? "another torrent has its infohash" : null,
            isFree && isDouble && freeUntil != doubleUntil ? "freeleech and double upload end together, when the first does" : null);
    }
}
