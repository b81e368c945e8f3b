using MySqlConnector;

namespace Pbts.Cli.Sites;

/// <summary>Gazelle's tables, as its <c>gazelle.sql</c> makes them. Of a snatch it knows who, what and when, and no bytes.</summary>
internal sealed class GazelleSource(MySqlConnection connection) : MySqlSource(connection)
{
    protected override IEnumerable<(string Kind, string Table)> Tables => [(ImportReport.Members, "users_main"), (ImportReport.Torrents, "torrents"), (ImportReport.History, "xbt_snatched")];

    public override IAsyncEnumerable<ImportGroup> GroupsAsync(CancellationToken cancellationToken) =>
        ReadAsync("SELECT ID, Name FROM permissions ORDER BY ID", row => new ImportGroup(Number(row, 0), row.GetString(1)), cancellationToken);

    public override IAsyncEnumerable<SourceMember> MembersAsync(CancellationToken cancellationToken) => BlocksAsync("users_main", "ID", """
        SELECT ID, torrent_pass, PermissionID, CASE Enabled WHEN '0' THEN 'not confirmed' WHEN '2' THEN 'disabled' END, can_leech, COALESCE(Donor = '1', 0), Uploaded, Downloaded
        FROM users_main LEFT JOIN users_info ON UserID = ID WHERE ID > @after AND ID <= @last ORDER BY ID
        """,
        row => new SourceMember(new(Name(row, 0), row.GetString(1), Number(row, 2), row.IsDBNull(3) ? null : row.GetString(3), Flag(row, 4), Flag(row, 5)), Number(row, 6), Number(row, 7)), cancellationToken);

    /// <summary>FreeTorrent: 1 freeleech, 2 neutral.</summary>
    public override IAsyncEnumerable<SourceTorrent> TorrentsAsync(CancellationToken cancellationToken) => BlocksAsync(
        "torrents", "ID", "SELECT ID, LOWER(HEX(info_hash)), FreeTorrent, Snatched FROM torrents WHERE ID > @after AND ID <= @last ORDER BY ID",
        row => new SourceTorrent(Name(row, 0), new(row.GetString(1), Number(row, 0), DownloadFactor: row.GetString(2) == "0" ? 100 : 0, UploadFactor: row.GetString(2) == "2" ? 0 : 100, TimesCompleted: Number(row, 3)),
            Note: row.GetString(2) == "2" ? "neutral leech: uploads are credited, because the highest factor that applies counts" : null), cancellationToken);

    public override IAsyncEnumerable<ImportHistory> HistoryAsync(CancellationToken cancellationToken) => BlocksAsync("xbt_snatched", "uid", """
        SELECT uid, COALESCE(LOWER(HEX(info_hash)), ''), MIN(tstamp), MAX(tstamp) FROM xbt_snatched LEFT JOIN torrents ON ID = fid
        WHERE uid > @after AND uid <= @last GROUP BY uid, fid ORDER BY uid, fid
        """,
        row => new ImportHistory(Name(row, 0), row.GetString(1), FirstSeen: Number(row, 2), LastSeen: Number(row, 3), CompletedAt: Number(row, 2)), cancellationToken);

    public override IAsyncEnumerable<ImportToken> TokensAsync(CancellationToken cancellationToken) => BlocksAsync("users_freeleeches", "users_freeleeches.UserID", """
        SELECT users_freeleeches.UserID, COALESCE(LOWER(HEX(info_hash)), '') FROM users_freeleeches LEFT JOIN torrents ON ID = TorrentID
        WHERE users_freeleeches.UserID > @after AND users_freeleeches.UserID <= @last AND Expired = 0 ORDER BY users_freeleeches.UserID, TorrentID
        """, row => new ImportToken(Name(row, 0), row.GetString(1)), cancellationToken);

    public override IAsyncEnumerable<ImportClient> ClientsAsync(CancellationToken cancellationToken) =>
        ReadAsync("SELECT peer_id FROM xbt_client_whitelist WHERE peer_id IS NOT NULL ORDER BY id", row => new ImportClient(row.GetString(0), Allowed: true), cancellationToken);
}
