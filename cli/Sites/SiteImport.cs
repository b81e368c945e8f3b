using System.Diagnostics;
using Pbts.Protocol.Receipts;

namespace Pbts.Cli.Sites;

/// <summary>
/// Brings a site's data to a tracker, a page at a time. Everything is set as the site has it, and history is added where there is
/// none yet: a second run with the same data changes nothing.
/// </summary>
/// <param name="source">The site.</param>
/// <param name="api">The tracker; null: all is read and checked, and nothing sent.</param>
/// <param name="report">What was brought and what not.</param>
/// <param name="progress">Told how much of a kind is done: rows, of how many, since when.</param>
internal sealed class SiteImport(IImportSource source, SiteApi? api, ImportReport report, Action<string, long, long, TimeSpan> progress)
{
    private const int PageRows = 1000;
    private const int PasskeyLength = 32;
    private const int InfoHashDigits = 40;
    private const int LongestReason = 200;
    private const int LongestName = 100;
    private const int LongestPrefix = 20;
    private const int LongestClient = 8;
    private const long LongestSeedTime = 100L * 366 * 86400;

    /// <summary>Members that are there now: of others neither history nor tokens are kept.</summary>
    private readonly HashSet<string> _members = new(StringComparer.Ordinal);

    private IReadOnlyDictionary<string, long> _totals = new Dictionary<string, long>();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        _totals = await source.CountAsync(cancellationToken).ConfigureAwait(false);
        await SetMissingAsync(ImportReport.Groups, await source.GroupsAsync(cancellationToken).Select(Shorten).ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await InPagesAsync(ImportReport.Members, source.MembersAsync(cancellationToken).Where(IsMember), page => SetMembersAsync(page, cancellationToken)).ConfigureAwait(false);
        await InPagesAsync(ImportReport.Torrents, source.TorrentsAsync(cancellationToken).Where(IsTorrent), page => SetTorrentsAsync(page, cancellationToken)).ConfigureAwait(false);
        await InPagesAsync(ImportReport.History, source.HistoryAsync(cancellationToken).Where(row => IsOfBoth(ImportReport.History, row.UserId, row.Infohash)), async page =>
            report.Count(ImportReport.History, brought: api is null ? 0 : await api.AddHistoryAsync(page.ConvertAll(Fit), cancellationToken).ConfigureAwait(false))).ConfigureAwait(false);
        await InPagesAsync(ImportReport.Tokens, source.TokensAsync(cancellationToken).Where(row => IsOfBoth(ImportReport.Tokens, row.UserId, row.Infohash)),
            page => SetTokensAsync(page, cancellationToken)).ConfigureAwait(false);
        await SetMissingAsync(ImportReport.Clients, await source.ClientsAsync(cancellationToken).Where(IsClient).Select(rule => rule with { Reason = Reason(rule.Reason) })
            .ToListAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Registers the torrent files of a folder, which bring names and sizes.</summary>
    public async Task PublishAsync(string folder, CancellationToken cancellationToken)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.torrent", SearchOption.AllDirectories))
        {
            report.Count(ImportReport.Files, read: 1);
            if (api is null)
                continue;
            if (await api.PublishAsync(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false) is { } refusal)
                report.LeaveOut(ImportReport.Files, refusal, Path.GetRelativePath(folder, path));
            else
                report.Count(ImportReport.Files, brought: 1);
        }
    }

    private static ImportGroup Shorten(ImportGroup group) => group with { Name = group.Name.Length is 0 ? $"group {group.Id}" : Cut(group.Name, LongestName) };

    /// <summary>As it is taken: a site's clients are user agents, and its times may be in any order.</summary>
    private static ImportHistory Fit(ImportHistory row) => row with
    {
        Client = row.Client is { } client ? Cut(string.Concat(client.Where(c => c is >= ' ' and <= '~')), LongestClient) : null,
        FirstSeen = row.FirstSeen > row.LastSeen ? row.LastSeen : row.FirstSeen, SeedTime = Math.Min(row.SeedTime, LongestSeedTime),
    };

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];

    /// <summary>A reason as a client may be told it; null: none.</summary>
    private static string? Reason(string? text) => text?.Trim() is { Length: > 0 } reason ? Cut(reason, LongestReason) : null;

    private async Task InPagesAsync<T>(string kind, IAsyncEnumerable<T> rows, Func<List<T>, Task> send)
    {
        var running = Stopwatch.StartNew();
        var page = new List<T>(PageRows);
        await foreach (var row in rows.ConfigureAwait(false))
        {
            page.Add(row);
            if (page.Count == PageRows)
                await SendAsync().ConfigureAwait(false);
        }

        if (page.Count > 0)
            await SendAsync().ConfigureAwait(false);

        async Task SendAsync()
        {
            await send(page).ConfigureAwait(false);
            page.Clear();
            progress(kind, report.Read(kind), _totals.GetValueOrDefault(kind), running.Elapsed);
        }
    }

    private bool IsMember(SourceMember row)
    {
        report.Count(ImportReport.Members, read: 1);
        var problem = !UserId.TryParse(row.Member.UserId, out _) ? "bad user id"
            : row.Member.Passkey is { } passkey && (passkey.Length != PasskeyLength || !passkey.All(char.IsAsciiLetterOrDigit)) ? $"bad passkey: not {PasskeyLength} letters and digits" : null;
        if (problem is not null)
            report.LeaveOut(ImportReport.Members, problem, row.Member.UserId);
        return problem is null;
    }

    private async Task SetMembersAsync(List<SourceMember> page, CancellationToken cancellationToken)
    {
        var verdicts = api is null ? [] : await api.PutAsync(ImportReport.Members, page.ConvertAll(row => row.Member with { Disabled = Reason(row.Member.Disabled) }), cancellationToken).ConfigureAwait(false);
        var there = new List<SourceMember>(page.Count);
        for (var i = 0; i < page.Count; i++)
        {
            if (api is null || verdicts[i] is "set" or "created")
                there.Add(page[i]);
            else
                report.LeaveOut(ImportReport.Members, verdicts[i].Replace('_', ' '), page[i].Member.UserId);
        }

        _members.UnionWith(there.Select(row => row.Member.UserId));
        if (api is null || there.Count == 0)
            return;
        await api.PutAsync("baselines", there.ConvertAll(row => new ImportBaseline(row.Member.UserId, row.Uploaded, row.Downloaded)), cancellationToken).ConfigureAwait(false);
        foreach (var row in there.Where(row => row.FreeleechUntil > DateTimeOffset.UtcNow.ToUnixTimeSeconds()))
            await api.SetFreeleechAsync(row.Member.UserId, row.FreeleechUntil!.Value, cancellationToken).ConfigureAwait(false);
        report.Count(ImportReport.Members, brought: there.Count);
    }

    private bool IsTorrent(SourceTorrent row)
    {
        report.Count(ImportReport.Torrents, read: 1);
        var problem = row.Problem ?? (IsInfoHash(row.Torrent.Infohash) ? null : "malformed infohash");
        if (problem is not null)
            report.LeaveOut(ImportReport.Torrents, problem, row.Name);
        else if (row.Note is not null)
            report.Note(ImportReport.Torrents, row.Note, row.Name);
        return problem is null;
    }

    private async Task SetTorrentsAsync(List<SourceTorrent> page, CancellationToken cancellationToken)
    {
        if (api is null)
            return;
        var verdicts = await api.PutAsync(ImportReport.Torrents, page.ConvertAll(row => row.Torrent with { Reason = Reason(row.Torrent.Reason) }), cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < page.Count; i++)
        {
            if (verdicts[i] != "set")
                report.LeaveOut(ImportReport.Torrents, verdicts[i].Replace('_', ' '), page[i].Name);
            else if (page[i].IsFeatured)
                await api.FeatureAsync(page[i].Torrent.Infohash, cancellationToken).ConfigureAwait(false);
        }

        report.Count(ImportReport.Torrents, brought: verdicts.Count(verdict => verdict == "set"));
    }

    private bool IsOfBoth(string kind, string userId, string infoHash)
    {
        report.Count(kind, read: 1);
        var problem = !_members.Contains(userId) ? "unknown member" : infoHash.Length == 0 ? "unknown torrent" : IsInfoHash(infoHash) ? null : "malformed infohash";
        if (problem is not null)
            report.LeaveOut(kind, problem, $"{userId} {infoHash}".TrimEnd());
        return problem is null;
    }

    private async Task SetTokensAsync(List<ImportToken> page, CancellationToken cancellationToken)
    {
        var verdicts = api is null ? [] : await api.PutAsync("freeleech-tokens", page, cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < verdicts.Count; i++)
        {
            if (verdicts[i] != "set")
                report.LeaveOut(ImportReport.Tokens, verdicts[i].Replace('_', ' '), page[i].UserId);
        }

        report.Count(ImportReport.Tokens, brought: verdicts.Count(verdict => verdict == "set"));
    }

    private bool IsClient(ImportClient rule)
    {
        var isPrefix = rule.Prefix.Length is >= 1 and <= LongestPrefix && rule.Prefix.All(c => c is > ' ' and <= '~' and not '/');
        if (!isPrefix)
            report.LeaveOut(ImportReport.Clients, "no prefix of a peer id", rule.Prefix);
        return isPrefix;
    }

    /// <summary>Sets those that are not there as they are. Every front end reads all of such a kind anew when anything is set.</summary>
    private async Task SetMissingAsync<T>(string kind, List<T> rows, CancellationToken cancellationToken)
    {
        report.Count(kind, read: rows.Count);
        if (api is null || rows.Count == 0)
            return;
        var known = await api.GetAsync<T>(kind, cancellationToken).ConfigureAwait(false);
        foreach (var missing in rows.Where(row => !known.Contains(row)).Chunk(PageRows))
            await api.PutAsync(kind, missing, cancellationToken).ConfigureAwait(false);
        report.Count(kind, brought: rows.Count);
    }

    private static bool IsInfoHash(string text) => text.Length == InfoHashDigits && text.All(c => c is >= '0' and <= '9' or >= 'a' and <= 'f');
}
