using System.Text;
using System.Text.Json;

namespace Pbts.Cli.Sites;

/// <summary>
/// What became durable together at the tracker, by UNIT3D's numbers. Members whose names are no numbers and torrents without one are
/// not the site's, and left out. Of what comes twice deltas add up, and the last says how it is.
/// </summary>
/// <param name="cursor">Where it ends.</param>
internal sealed class ChangeBatch(long cursor)
{
    private readonly Dictionary<uint, MemberChange> _members = [];
    private readonly Dictionary<(uint, uint), HistoryChange> _history = [];
    private readonly Dictionary<uint, TorrentChange> _torrents = [];
    private readonly Dictionary<(uint, uint, string), PeerChange> _peers = [];
    private readonly Dictionary<(uint, string), UnregisteredChange> _unregistered = [];

    public long Cursor => cursor;

    public IEnumerable<MemberChange> Members => _members.Values;

    public IEnumerable<HistoryChange> History => _history.Values;

    public IEnumerable<TorrentChange> Torrents => _torrents.Values;

    public IEnumerable<PeerChange> Peers => _peers.Values;

    public IEnumerable<UnregisteredChange> Unregistered => _unregistered.Values;

    /// <summary>What each torrent's members gave more than they took.</summary>
    public IEnumerable<BalanceChange> Balances =>
        _history.Values.GroupBy(row => row.TorrentId).Select(rows => new BalanceChange(rows.Key, rows.Sum(row => row.UploadedDelta - row.DownloadedDelta))).Where(row => row.Delta != 0);

    /// <summary>Reads whole batches; what follows the last end of one is given up.</summary>
    public static async IAsyncEnumerable<ChangeBatch> ReadAsync(Stream stream, TimeSpan patience, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream);
        var lines = new List<JsonElement>();
        while (await reader.ReadLineAsync(cancellationToken).AsTask().WaitAsync(patience, cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
                continue;
            var change = JsonSerializer.Deserialize<JsonElement>(line);
            if (change.GetProperty("kind").GetString() != "end")
            {
                lines.Add(change);
                continue;
            }

            var batch = new ChangeBatch(change.GetProperty("cursor").GetInt64());
            lines.ForEach(batch.Add);
            lines.Clear();
            yield return batch;
        }
    }

    /// <summary>Lines of kinds that came later are none of UNIT3D's.</summary>
    private void Add(JsonElement line)
    {
        switch (line.GetProperty("kind").GetString())
        {
            case "member" when User(line) is { } user:
                var more = new MemberChange(user, Number(line, "credited_uploaded_delta"), Number(line, "credited_downloaded_delta"));
                _members[user] = _members.TryGetValue(user, out var member) ? new(user, member.UploadedDelta + more.UploadedDelta, member.DownloadedDelta + more.DownloadedDelta) : more;
                break;
            case "history" when User(line) is { } user && Torrent(line) is { } torrent:
                _history[(user, torrent)] = HistoryChange.Read(line, user, torrent, _history.GetValueOrDefault((user, torrent)));
                break;
            case "torrent" when Torrent(line) is { } torrent:
                _torrents[torrent] = new(torrent, Number(line, "seeders"), Number(line, "leechers"), Number(line, "times_completed"));
                break;
            case "peer" when User(line) is { } user && Torrent(line) is { } torrent:
                var peer = line.GetProperty("peer_id").GetString()!;
                _peers[(user, torrent, peer)] = new(
                    user, torrent, peer, Client(peer), line.GetProperty("ip").GetString()!, Number(line, "port"), Number(line, "uploaded"), Number(line, "downloaded"), Number(line, "left"),
                    line.GetProperty("seeder").GetBoolean(), line.GetProperty("active").GetBoolean(), Number(line, "last_seen"));
                break;
            case "unregistered" when User(line) is { } user:
                var infoHash = line.GetProperty("infohash").GetString()!;
                _unregistered[(user, infoHash)] = new(user, infoHash, Number(line, "last_seen"));
                break;
        }
    }

    private static uint? User(JsonElement line) =>
        line.GetProperty("user_id").GetString() is { } name && uint.TryParse(name, System.Globalization.NumberStyles.None, null, out var user) && name[0] != '0' ? user : null;

    private static uint? Torrent(JsonElement line) => line.GetProperty("torrent_id") is { ValueKind: JsonValueKind.Number } value && value.TryGetUInt32(out var torrent) ? torrent : null;

    /// <summary>A whole number; of a time with a fraction the second.</summary>
    internal static long Number(JsonElement line, string name) => line.GetProperty(name) is var value && value.TryGetInt64(out var number) ? number : (long)Math.Floor(value.GetDouble());

    /// <summary>The first eight bytes of a peer id, as far as they can be printed.</summary>
    private static string Client(string peerId) => string.Concat(Encoding.Latin1.GetString(Convert.FromHexString(peerId).AsSpan(0, 8)).Where(c => c is >= ' ' and <= '~'));
}

/// <summary>What is credited to a member.</summary>
internal sealed record MemberChange(uint UserId, long UploadedDelta, long DownloadedDelta);

/// <summary>What a member did with a torrent, and how it is now.</summary>
internal sealed record HistoryChange(
    uint UserId, uint TorrentId, string Client, long UploadedDelta, long DownloadedDelta, long CreditedUploadedDelta, long CreditedDownloadedDelta, long ClientUploaded, long ClientDownloaded,
    long SeedTimeDelta, long FirstSeen, long LastSeen, long? CompletedAt, bool Seeder, bool Active)
{
    public static HistoryChange Read(JsonElement line, uint user, uint torrent, HistoryChange? before)
    {
        // UNIT3D counts whole seconds: those that the sum has come to, or what is lost of each would add up.
        var seconds = line.GetProperty("seed_time").GetDecimal();
        var more = (long)Math.Floor(seconds) - (long)Math.Floor(seconds - line.GetProperty("seed_time_delta").GetDecimal());
        return new(
            user, torrent, line.GetProperty("client").GetString()!,
            (before?.UploadedDelta ?? 0) + ChangeBatch.Number(line, "uploaded_delta"), (before?.DownloadedDelta ?? 0) + ChangeBatch.Number(line, "downloaded_delta"),
            (before?.CreditedUploadedDelta ?? 0) + ChangeBatch.Number(line, "credited_uploaded_delta"), (before?.CreditedDownloadedDelta ?? 0) + ChangeBatch.Number(line, "credited_downloaded_delta"),
            ChangeBatch.Number(line, "client_uploaded"), ChangeBatch.Number(line, "client_downloaded"), (before?.SeedTimeDelta ?? 0) + more,
            ChangeBatch.Number(line, "first_seen"), ChangeBatch.Number(line, "last_seen"),
            line.GetProperty("completed_at").ValueKind == JsonValueKind.Null ? null : ChangeBatch.Number(line, "completed_at"), line.GetProperty("seeder").GetBoolean(), line.GetProperty("active").GetBoolean());
    }
}

/// <summary>How many are in a swarm, and how many completed it.</summary>
internal sealed record TorrentChange(uint TorrentId, long Seeders, long Leechers, long TimesCompleted);

/// <summary>What a torrent's balance rises by.</summary>
internal sealed record BalanceChange(uint TorrentId, long Delta);

/// <summary>A client in a swarm, or gone from it.</summary>
internal sealed record PeerChange(
    uint UserId, uint TorrentId, string PeerId, string Client, string Ip, long Port, long Uploaded, long Downloaded, long Left, bool Seeder, bool Active, long LastSeen);

/// <summary>An infohash that is not registered, which a member has announced.</summary>
internal sealed record UnregisteredChange(uint UserId, string Infohash, long LastSeen);
