using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Trust;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Trust;

namespace Pbts.Grains.Trust;

/// <summary>What came of a computation that was begun.</summary>
/// <param name="Run">What was written; null: nothing, because it is not its time, or somebody else computes.</param>
/// <param name="Problem">Why it could not be done; null: nothing stood in the way.</param>
internal readonly record struct TrustOutcome(TrustRun? Run, string? Problem = null);

/// <summary>One computation of all scores: reads who gave to whom, follows the seeds' voices, writes what it found.</summary>
internal sealed class TrustJob(TrustStore store, IOptions<TrustOptions> options)
{
    private readonly TrustOptions _options = options.Value;

    /// <summary>Whether the last one was begun longer ago than <c>Trust:Interval</c>, by the database's clock.</summary>
    public Task<bool> IsDueAsync() => store.IsDueAsync(_options.Interval);

    /// <summary>Computes, unless somebody else does or, where nobody asked, has done so in time.</summary>
    /// <param name="asked">Whether somebody asked.</param>
    /// <param name="cancellationToken">Ends it; nothing is kept of it then.</param>
    /// <param name="read">Called when all has been read and before anything is written.</param>
    public async Task<TrustOutcome> RunAsync(bool asked, CancellationToken cancellationToken, Func<Task>? read = null)
    {
        // Not on the caller's scheduler: a grain's turn must not wait for rows and sums.
        return await Task.Factory.StartNew(() => ComputeAsync(asked, read, cancellationToken), cancellationToken, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default).Unwrap();
    }

    private async Task<TrustOutcome> ComputeAsync(bool asked, Func<Task>? read, CancellationToken cancellationToken)
    {
        await using var turn = await store.TakeTurnAsync(cancellationToken);
        if (turn is null || (!asked && !await turn.IsDueAsync(_options.Interval)))
            return default;
        var members = await store.ReadMembersAsync(cancellationToken);
        if (await store.ReadEdgesAsync(members, _options.MaxEdges, cancellationToken) is not { } edges)
            return new(null, $"there are more than {_options.MaxEdges} pairs of members that dealt with each other: raise Trust:MaxEdges");
        if (read is not null)
            await read();
        var found = await Task.Factory.StartNew(() => Find(members, edges, cancellationToken), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return new(await turn.WriteAsync(members, found, asked, _options.Parameters, cancellationToken));
    }

    private TrustFindings Find(TrustMembers members, List<TrustEdge> edges, CancellationToken cancellationToken)
    {
        var graph = new TrustGraph(members.Ids.Count, edges);
        edges.Clear();
        edges.TrimExcess();
        var scores = members.Marked.Count > 0
            ? TrustScores.Compute(graph, members.Marked, _options.Parameters, cancellationToken)
            : TrustScores.ComputeByAge(graph, members.Candidates, _options.Parameters, cancellationToken);
        return new(graph.Edges, scores, TrustClusters.Find(graph, scores.Seeds, cancellationToken: cancellationToken));
    }
}
