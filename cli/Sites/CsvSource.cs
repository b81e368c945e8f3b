using System.Runtime.CompilerServices;
using Pbts.Cli.Commands;

namespace Pbts.Cli.Sites;

/// <summary>A folder of members.csv, torrents.csv, history.csv and groups.csv, whose columns are named as the fields of the native interface.</summary>
internal sealed class CsvSource : IImportSource
{
    private static readonly string[] Files = ["groups.csv", "members.csv", "torrents.csv", "history.csv"];

    private readonly string _folder;

    public CsvSource(string folder)
    {
        _folder = folder;
        if (!Files.Any(file => File.Exists(Path.Combine(folder, file))))
            throw new SiteException(ExitCodes.File, $"{folder}: has none of {string.Join(", ", Files)}");
    }

    public Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyDictionary<string, long>>(
        new[] { ImportReport.Members, ImportReport.Torrents, ImportReport.History }.ToDictionary(kind => kind, kind => At($"{kind}.csv") is var path && File.Exists(path) ? File.ReadLines(path).LongCount() - 1 : 0));

    public IAsyncEnumerable<ImportGroup> GroupsAsync(CancellationToken cancellationToken) => ReadAsync("groups.csv",
        row => new ImportGroup(row.Number("id"), row.Text("name"), row.NumberOrNull("download_slots"), row.Flag("immune"), row.Number("download_factor", 100), row.Number("upload_factor", 100)), cancellationToken);

    public IAsyncEnumerable<SourceMember> MembersAsync(CancellationToken cancellationToken) => ReadAsync("members.csv",
        row => new SourceMember(
            new(row.Text("user_id"), row.TextOrNull("passkey"), row.NumberOrNull("group_id"), row.TextOrNull("disabled"), row.Flag("can_download", otherwise: true), row.Flag("donor"), row.Flag("lifetime")),
            row.Number("uploaded"), row.Number("downloaded"), row.NumberOrNull("freeleech_until")), cancellationToken);

    public IAsyncEnumerable<SourceTorrent> TorrentsAsync(CancellationToken cancellationToken) => ReadAsync("torrents.csv",
        row => new SourceTorrent(row.Text("infohash"), new(
            row.Text("infohash").ToLowerInvariant(), row.NumberOrNull("id"), row.TextOrNull("status") ?? "approved", row.TextOrNull("reason"), row.Number("download_factor", 100), row.Number("upload_factor", 100),
            row.NumberOrNull("factors_until"), row.Number("times_completed")), row.Flag("featured")), cancellationToken);

    public IAsyncEnumerable<ImportHistory> HistoryAsync(CancellationToken cancellationToken) => ReadAsync("history.csv",
        row => new ImportHistory(
            row.Text("user_id"), row.Text("infohash").ToLowerInvariant(), row.Number("uploaded"), row.Number("downloaded"), row.Number("client_uploaded"), row.Number("client_downloaded"), row.Number("seed_time"),
            row.NumberOrNull("first_seen"), row.NumberOrNull("last_seen"), row.NumberOrNull("completed_at"), row.TextOrNull("client"), row.Flag("seeder")), cancellationToken);

    public IAsyncEnumerable<ImportToken> TokensAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<ImportToken>();

    public IAsyncEnumerable<ImportClient> ClientsAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<ImportClient>();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string At(string file) => Path.Combine(_folder, file);

    private async IAsyncEnumerable<T> ReadAsync<T>(string file, Func<CsvRow, T> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in CsvRow.ReadAsync(At(file), cancellationToken).ConfigureAwait(false))
            yield return read(row);
    }
}
