using System.Globalization;
using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Http;
using Pbts.Api.Members;
using Pbts.GrainInterfaces.Site;

namespace Pbts.Api.Site;

/// <summary>What has changed since the site asked last, in the one order in which it became durable.</summary>
internal static class SiteChangeEndpoints
{
    private const int MostWait = 30;

    /// <summary>Batches read at once, so that few are in memory however many were asked for.</summary>
    private const int AtOnce = 20;

    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    public static void MapSiteChanges(this IEndpointRouteBuilder api) =>
        api.MapGet("/changes", ReadAsync).Reads("What has changed since a cursor: members' totals, history, torrents, peers, unregistered infohashes")
            .WithDescription(
                "Lines of JSON, each with its kind and cursor. Changes that became durable together are a batch, which ends with {\"kind\":\"end\",\"cursor\":N}: N is the after of the next call. "
                + "Whoever applies a batch does so as a whole; what follows the last end line is part of none. after=0 begins with the first that is kept, limit is in batches, "
                + "wait is how many seconds (at most 30) to wait for one. Bytes, and times in Unix seconds. Each line has what it came to and, for what is summed, by how much it grew.")
            .Produces<string>(StatusCodes.Status200OK, EvidenceEndpoints.ContentType).Produces<SiteChangesGoneAnswer>(StatusCodes.Status410Gone);

    private static async Task<Results<PushStreamHttpResult, JsonHttpResult<SiteChangesGoneAnswer>, Refusal>> ReadAsync(
        string? after, string? limit, string? wait, HttpContext context, IGrainFactory grains, ChangeWaits waits, IHostApplicationLifetime lifetime)
    {
        if (SiteEndpoints.ReadLimit(limit) is not { } left)
            return SiteEndpoints.BadLimit();
        var cursor = 0L;
        if (after is not null && !long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out cursor))
            return Answers.BadRequest("after must be the cursor of an earlier end line, or 0");
        var seconds = 0;
        if (wait is not null && (!int.TryParse(wait, NumberStyles.None, CultureInfo.InvariantCulture, out seconds) || seconds > MostWait))
            return Answers.BadRequest($"wait must be an integer from 0 to {MostWait}");

        var site = grains.GetGrain<ISiteGrain>(0);
        var batches = await site.ReadChangesAsync(cursor, Math.Min(left, AtOnce));
        if (batches is { Count: 0 } && seconds > 0)
        {
            if (!waits.TryEnter())
                return Answers.TooMany(context);
            try
            {
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
                ending.CancelAfter(TimeSpan.FromSeconds(seconds));
                using var timer = new PeriodicTimer(Every);
                while (batches is { Count: 0 } && await NextAsync(timer, ending.Token))
                    batches = await site.ReadChangesAsync(cursor, Math.Min(left, AtOnce));
            }
            finally
            {
                waits.Leave();
            }
        }

        if (batches is null)
        {
            return TypedResults.Json(
                new SiteChangesGoneAnswer(
                    false, "changes after this cursor are not kept any more: note the cursor of this answer, list /api/v1/members and /api/v1/history anew, then go on from the cursor", await site.GetLastChangeAsync()),
                statusCode: StatusCodes.Status410Gone);
        }

        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Stream(
            async stream =>
            {
                for (IReadOnlyList<SiteChangeBatch>? next = batches; next is { Count: > 0 };)
                {
                    foreach (var batch in next)
                        await WriteAsync(stream, batch);
                    await stream.FlushAsync();
                    left -= next.Count;
                    // What is not kept any more is said when it is asked for.
                    next = next.Count == AtOnce && left > 0 ? await site.ReadChangesAsync(next[^1].Cursor, Math.Min(left, AtOnce)) : null;
                }
            },
            EvidenceEndpoints.ContentType);
    }

    /// <summary>The lines as they are stored, each with the cursor, and the line that ends them.</summary>
    private static async Task WriteAsync(Stream stream, SiteChangeBatch batch)
    {
        using var lines = new StreamReader(new GZipStream(new MemoryStream(batch.Lines), CompressionMode.Decompress), Encoding.UTF8);
        var text = new StringBuilder();
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.Length > 0)
                text.Append(line.AsSpan()[..line.LastIndexOf('}')]).Append(CultureInfo.InvariantCulture, $",\"cursor\":{batch.Cursor}}}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{{\"kind\":\"end\",\"cursor\":{batch.Cursor}}}\n");
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()));
    }

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>Answer of <c>GET /api/v1/changes</c> where changes after the cursor are not kept any more.</summary>
/// <param name="Success">Always false.</param>
/// <param name="Error">What to do.</param>
/// <param name="Cursor">Where to go on from once everything has been read anew; what it names may be in that already.</param>
internal sealed record SiteChangesGoneAnswer(bool Success, string Error, long Cursor);
