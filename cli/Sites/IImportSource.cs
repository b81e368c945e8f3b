namespace Pbts.Cli.Sites;

/// <summary>A site's data, each kind read once from first to last in an order that does not change.</summary>
internal interface IImportSource : IAsyncDisposable
{
    /// <summary>How many rows there are of each kind that is large, for the progress.</summary>
    Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<ImportGroup> GroupsAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<SourceMember> MembersAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<SourceTorrent> TorrentsAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<ImportHistory> HistoryAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<ImportToken> TokensAsync(CancellationToken cancellationToken);

    IAsyncEnumerable<ImportClient> ClientsAsync(CancellationToken cancellationToken);
}
