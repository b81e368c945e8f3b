namespace Pbts.Tracker.Tests.Site;

/// <summary>
/// Databases of sites, as their migrations make them: the tables and columns that are read and written, with members, torrents and
/// history by number, and beside those one of each that cannot be brought.
/// </summary>
internal static class SiteFixtures
{
    /// <summary>Tables of UNIT3D.</summary>
    public const string Unit3dTables = """
        CREATE TABLE `groups` (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(255) NOT NULL, slug varchar(255) NOT NULL UNIQUE, download_slots int DEFAULT NULL,
            is_immune tinyint(1) NOT NULL DEFAULT 0, is_freeleech tinyint(1) NOT NULL DEFAULT 0, is_double_upload tinyint(1) NOT NULL DEFAULT 0);
        CREATE TABLE users (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, username varchar(255) NOT NULL UNIQUE, passkey varchar(255) NOT NULL UNIQUE, group_id int NOT NULL,
            uploaded bigint unsigned NOT NULL DEFAULT 0, downloaded bigint unsigned NOT NULL DEFAULT 0, can_download tinyint(1) NOT NULL DEFAULT 1, is_donor tinyint(1) NOT NULL DEFAULT 0,
            is_lifetime tinyint(1) NOT NULL DEFAULT 0, deleted_at timestamp NULL DEFAULT NULL);
        CREATE TABLE torrents (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(255) NOT NULL, size double NOT NULL, leechers int NOT NULL DEFAULT 0, seeders int NOT NULL DEFAULT 0,
            times_completed int NOT NULL DEFAULT 0, free smallint NOT NULL DEFAULT 0, doubleup tinyint(1) NOT NULL DEFAULT 0, status smallint NOT NULL DEFAULT 0, created_at timestamp NULL DEFAULT NULL,
            deleted_at timestamp NULL DEFAULT NULL, fl_until datetime DEFAULT NULL, du_until datetime DEFAULT NULL, balance bigint DEFAULT NULL, info_hash binary(20) NOT NULL, KEY (info_hash));
        CREATE TABLE history (user_id int unsigned NOT NULL, torrent_id int unsigned NOT NULL, agent varchar(64) NOT NULL, uploaded bigint unsigned NOT NULL DEFAULT 0,
            actual_uploaded bigint unsigned NOT NULL DEFAULT 0, client_uploaded bigint unsigned NOT NULL, downloaded bigint unsigned NOT NULL DEFAULT 0, refunded_download bigint unsigned NOT NULL DEFAULT 0,
            actual_downloaded bigint unsigned NOT NULL DEFAULT 0, client_downloaded bigint unsigned NOT NULL, seeder tinyint(1) NOT NULL, active tinyint(1) NOT NULL DEFAULT 1,
            seedtime bigint unsigned NOT NULL DEFAULT 0, immune tinyint(1) NOT NULL, hitrun tinyint(1) NOT NULL DEFAULT 0, created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL,
            completed_at datetime DEFAULT NULL, PRIMARY KEY (user_id, torrent_id),
            FOREIGN KEY (torrent_id) REFERENCES torrents (id) ON DELETE CASCADE, FOREIGN KEY (user_id) REFERENCES users (id));
        CREATE TABLE peers (peer_id binary(20) NOT NULL, ip varbinary(16) NOT NULL, port smallint unsigned NOT NULL, agent varchar(64) NOT NULL, uploaded bigint unsigned NOT NULL,
            downloaded bigint unsigned NOT NULL, `left` bigint unsigned NOT NULL, seeder tinyint(1) NOT NULL, created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL,
            torrent_id int unsigned NOT NULL, user_id int unsigned NOT NULL, connectable tinyint(1) NOT NULL DEFAULT 0, active tinyint(1) NOT NULL, visible tinyint(1) NOT NULL,
            PRIMARY KEY (user_id, torrent_id, peer_id), FOREIGN KEY (torrent_id) REFERENCES torrents (id) ON DELETE CASCADE, FOREIGN KEY (user_id) REFERENCES users (id));
        CREATE TABLE freeleech_tokens (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id int unsigned NOT NULL, torrent_id int unsigned NOT NULL);
        CREATE TABLE personal_freeleeches (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id int unsigned NOT NULL, created_at timestamp NULL DEFAULT NULL, KEY (user_id));
        CREATE TABLE featured_torrents (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id int unsigned NOT NULL, torrent_id int unsigned NOT NULL, KEY (torrent_id));
        CREATE TABLE blacklist_clients (id bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(255) NOT NULL UNIQUE, reason longtext, peer_id_prefix varchar(255) NOT NULL);
        CREATE TABLE unregistered_info_hashes (user_id int unsigned NOT NULL, info_hash binary(20) NOT NULL, created_at timestamp NULL DEFAULT NULL, updated_at timestamp NULL DEFAULT NULL,
            PRIMARY KEY (info_hash, user_id), FOREIGN KEY (user_id) REFERENCES users (id));
        """;

    private const string GazelleTables = """
        CREATE TABLE permissions (ID int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, Level int(10) unsigned NOT NULL UNIQUE, Name varchar(25) NOT NULL);
        CREATE TABLE users_main (ID int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, Username varchar(20) NOT NULL UNIQUE, Uploaded bigint(20) unsigned NOT NULL DEFAULT 0,
            Downloaded bigint(20) unsigned NOT NULL DEFAULT 0, Enabled enum('0','1','2') NOT NULL DEFAULT '0', PermissionID int(10) unsigned NOT NULL, can_leech tinyint(4) NOT NULL DEFAULT 1,
            torrent_pass char(32) NOT NULL, KEY (torrent_pass)) CHARSET utf8;
        CREATE TABLE users_info (UserID int(10) unsigned NOT NULL UNIQUE, Donor enum('0','1') NOT NULL DEFAULT '0');
        CREATE TABLE torrents (ID int(10) NOT NULL AUTO_INCREMENT PRIMARY KEY, info_hash blob NOT NULL, Size bigint(12) NOT NULL, FreeTorrent enum('0','1','2') NOT NULL DEFAULT '0',
            Snatched int(10) unsigned NOT NULL DEFAULT 0, UNIQUE KEY (info_hash(40)));
        CREATE TABLE xbt_snatched (uid int(11) NOT NULL DEFAULT 0, tstamp int(11) NOT NULL, fid int(11) NOT NULL, IP varchar(15) NOT NULL, KEY (fid), KEY (tstamp), KEY (uid, tstamp));
        CREATE TABLE users_freeleeches (UserID int(10) NOT NULL, TorrentID int(10) NOT NULL, Time datetime NOT NULL, Expired tinyint(1) NOT NULL DEFAULT 0, PRIMARY KEY (UserID, TorrentID));
        CREATE TABLE xbt_client_whitelist (id int(10) unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, peer_id varchar(20) DEFAULT NULL UNIQUE);
        """;

    /// <summary>A site of UNIT3D. Each member has <paramref name="history"/> / <paramref name="members"/> torrents.</summary>
    public static string Unit3d(int members, int torrents, int history) => $"""
        {Unit3dTables}
        INSERT INTO `groups` VALUES (1, 'Validating', 'validating', 0, 0, 0, 0), (2, 'User', 'user', 25, 0, 0, 0), (3, 'VIP', 'vip', NULL, 1, 1, 1), (4, 'Banned', 'banned', 0, 0, 0, 0);
        INSERT INTO users SELECT seq, CONCAT('user', seq), MD5(CONCAT('user', seq)), IF(seq % 97 = 0, 4, IF(seq % 50 = 0, 3, 2)), seq * 1000003, seq * 500009, seq % 31 <> 0, seq % 20 = 0, seq % 40 = 0, NULL FROM seq_1_to_{members};
        INSERT INTO users VALUES ({members + 1}, 'short', 'short', 2, 1, 1, 1, 0, 0, NULL), ({members + 2}, 'gone', MD5('gone'), 2, 1, 1, 1, 0, 0, now()), ({members + 3}, 'dash', '0123456789abcdef-123456789abcdef', 2, 1, 1, 1, 0, 0, NULL);
        INSERT INTO torrents SELECT seq, CONCAT('torrent', seq), seq * 1048576, 0, 0, seq % 100, IF(seq % 7 = 0, 100, IF(seq % 11 = 0, 50, 0)), seq % 13 = 0, CASE seq % 10 WHEN 0 THEN 0 WHEN 9 THEN 3 WHEN 8 THEN 2 ELSE 1 END,
            '2024-01-02 03:04:05', IF(seq % 40 = 5, '2025-01-02 03:04:05', NULL), IF(seq % 14 = 0, '2031-01-02 03:04:05', NULL), IF(seq % 26 = 0, '2030-01-02 03:04:05', NULL), NULL, UNHEX(SHA1(CONCAT('torrent', seq))) FROM seq_1_to_{torrents};
        INSERT INTO torrents SELECT {torrents + 1}, 'again', 1, 0, 0, 0, 0, 0, 0, now(), NULL, NULL, NULL, NULL, info_hash FROM torrents WHERE id = 1;
        INSERT INTO history SELECT 1 + k % {members}, 1 + (k DIV {members} * 37 + k % {members}) % {torrents}, 'qBittorrent/4.6.3', k * 3, k * 2, k + 7, k * 5, 0, k * 4, k + 9, k % 3 = 0, 0, k % 1000000, 0, 0,
            '2024-03-01 00:00:00' + INTERVAL k % 1000 SECOND, '2024-04-01 00:00:00' + INTERVAL k % 1000 SECOND, IF(k % 3 = 0, '2024-03-15 00:00:00' + INTERVAL k % 1000 SECOND, NULL) FROM (SELECT seq AS k FROM seq_0_to_{history - 1}) AS numbers;
        INSERT INTO history SELECT {members + 1}, seq, 'x', 1, 1, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, now(), now(), NULL FROM seq_1_to_3;
        INSERT INTO freeleech_tokens (user_id, torrent_id) SELECT 1 + seq % {members}, 1 + seq % {torrents} FROM seq_1_to_20;
        INSERT INTO personal_freeleeches (user_id, created_at) VALUES (1, now()), (2, now() - INTERVAL 3 DAY);
        INSERT INTO featured_torrents (user_id, torrent_id) VALUES (1, 3);
        INSERT INTO blacklist_clients (name, reason, peer_id_prefix) VALUES ('Bad', 'cheats', '-XX99'), ('Worse', NULL, '-ZZ'), ('Nothing', NULL, 'a b');
        """;

    /// <summary>A site of Gazelle, whose passkeys have capitals.</summary>
    public static string Gazelle(int members, int torrents, int history) => $"""
        {GazelleTables}
        INSERT INTO permissions VALUES (2, 100, 'User'), (3, 150, 'Member'), (15, 1000, 'Sysop');
        INSERT INTO users_main SELECT seq, CONCAT('user', seq), seq * 1000003, seq * 500009, IF(seq % 97 = 0, '2', IF(seq % 89 = 0, '0', '1')), IF(seq % 50 = 0, 3, 2), seq % 31 <> 0,
            CONCAT('Aa', LPAD(CONV(seq, 10, 36), 8, 'z'), LEFT(UPPER(MD5(seq)), 10), 'qrstuvWXYZ09') FROM seq_1_to_{members};
        INSERT INTO users_main VALUES ({members + 1}, 'short', 1, 1, '1', 2, 1, 'short'), ({members + 2}, 'twin', 1, 1, '1', 2, 1, 'zz');
        UPDATE users_main AS twin JOIN users_main AS first ON first.ID = 1 SET twin.torrent_pass = first.torrent_pass WHERE twin.ID = {members + 2};
        INSERT INTO users_info SELECT seq, IF(seq % 20 = 0, '1', '0') FROM seq_1_to_{members};
        INSERT INTO torrents SELECT seq, UNHEX(SHA1(CONCAT('torrent', seq))), seq * 1048576, CASE seq % 20 WHEN 0 THEN '2' WHEN 5 THEN '1' ELSE '0' END, seq % 100 FROM seq_1_to_{torrents};
        INSERT INTO torrents VALUES ({torrents + 1}, 'not a hash', 1, '0', 0);
        INSERT INTO xbt_snatched SELECT 1 + k % {members}, 1700000000 + k % 1000000, 1 + (k DIV {members} * 37 + k % {members}) % {torrents}, '192.0.2.1' FROM (SELECT seq AS k FROM seq_0_to_{history - 1}) AS numbers;
        INSERT INTO xbt_snatched SELECT uid, tstamp + 5, fid, IP FROM xbt_snatched WHERE uid = 1;
        INSERT INTO xbt_snatched VALUES (1, 1700000000, {torrents + 9}, ''), (1, 1700000000, {torrents + 1}, ''), ({members + 9}, 1700000000, 1, '');
        INSERT INTO users_freeleeches SELECT seq, 1 + seq % {torrents}, now(), seq % 5 = 0 FROM seq_1_to_20;
        INSERT INTO xbt_client_whitelist (peer_id) VALUES ('-qB4'), ('-TR3'), ('-XX');
        """;
}
