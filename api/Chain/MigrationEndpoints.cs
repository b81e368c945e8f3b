using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Chain;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Chain;

/// <summary>The operators' requests to move members from one contract to the next.</summary>
internal static class MigrationEndpoints
{
    private static readonly TimeSpan EventInterval = TimeSpan.FromSeconds(1);

    /// <summary>Maps <c>/migrations</c>, all of it for the administration.</summary>
    public static void MapMigrations(this IEndpointRouteBuilder app)
    {
        var migrations = app.MapGroup("/migrations").RequireAdministrator();
        migrations.MapPost("", StartAsync).WithSummary("Move users from the contract before to a new one (administrators)").Refuses(StatusCodes.Status409Conflict);
        migrations.MapGet("", ListAsync).WithMetadata(new Unaudited()).WithSummary("All migrations, newest first (administrators)");
        migrations.MapGet("/{id:guid}", GetAsync).WithMetadata(new Unaudited()).WithSummary("A migration (administrators)");
        Command("pause", MigrationCommand.Pause, "Hold a migration (administrators)");
        Command("resume", MigrationCommand.Resume, "Go on with a migration (administrators)");
        Command("cancel", MigrationCommand.Cancel, "End a migration; who has moved stays (administrators)");
        migrations.MapGet("/{id:guid}/events", EventsAsync).WithSummary("A migration whenever it has changed, until it is finished, as server-sent events (administrators)");
        migrations.Map("/{**other}", () => Answers.NotFound("unknown migration")).ExcludeFromDescription().WithMetadata(new Unaudited());

        void Command(string name, MigrationCommand command, string summary) =>
            migrations.MapPost($"/{{id:guid}}/{name}", (Guid id, IGrainFactory grains) => CommandAsync(id, command, grains)).WithSummary(summary).Refuses(StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Accepted<MigrationAnswer>, Refusal>> StartAsync(Body<MigrationStartRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } request)
            return body.Refusal;
        var id = Guid.NewGuid();
        var result = await Migration(grains, id).StartAsync(new MigrationRequest(request.ReferrerAddress, request.Users, request.BatchSize, request.RetireReferrer, request.Method, request.Claims));
        return result.Value is { } view
            ? TypedResults.Accepted($"/migrations/{id}", MigrationAnswer.From(view))
            : ContractEndpoints.Refuse(result.Problem!);
    }

    private static async Task<Ok<MigrationListAnswer>> ListAsync(IGrainFactory grains)
    {
        var views = await grains.GetGrain<IMigrationIndexGrain>(0).ListAsync();
        return TypedResults.Ok(new MigrationListAnswer(true, [.. views.Select(MigrationAnswer.From)]));
    }

    private static async Task<Results<Ok<MigrationAnswer>, Refusal>> GetAsync(Guid id, IGrainFactory grains) => await Migration(grains, id).GetAsync() is { } view
        ? TypedResults.Ok(MigrationAnswer.From(view))
        : Answers.NotFound("unknown migration");

    private static async Task<Results<Ok<MigrationAnswer>, Refusal>> CommandAsync(Guid id, MigrationCommand command, IGrainFactory grains)
    {
        var result = await Migration(grains, id).CommandAsync(command);
        return result.Value is { } view ? TypedResults.Ok(MigrationAnswer.From(view)) : ContractEndpoints.Refuse(result.Problem!);
    }

    /// <summary>Server-sent events (WHATWG HTML): the migration whenever it has changed, until it is finished.</summary>
    private static async Task<Results<ServerSentEventsResult<MigrationAnswer>, Refusal>> EventsAsync(
        Guid id, HttpContext context, IGrainFactory grains, IHostApplicationLifetime lifetime)
    {
        if (await Migration(grains, id).GetAsync() is null) return Answers.NotFound("unknown migration");
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(WatchAsync(Migration(grains, id), lifetime.ApplicationStopping, context.RequestAborted), "migration");
    }

    private static async IAsyncEnumerable<MigrationAnswer> WatchAsync(
        IReputationMigrationGrain migration, CancellationToken stopping, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // A process that stops does not wait for its viewers; they connect again elsewhere.
        string? last = null;
        for (; !stopping.IsCancellationRequested; await Task.Delay(EventInterval, cancellationToken))
        {
            if (await TryGetAsync(migration) is not { } view) continue;
            var answer = MigrationAnswer.From(view);
            // The estimate alone is no news.
            var now = JsonSerializer.Serialize(answer with { EtaSeconds = null });
            if (now != last) yield return answer;
            last = now;
            if (view.IsFinished) yield break;
        }
    }

    /// <summary>Null while the silo or the database is away: a stream that has begun waits for them.</summary>
    private static async Task<MigrationView?> TryGetAsync(IReputationMigrationGrain migration)
    {
        try
        {
            return await migration.GetAsync();
        }
        catch (Exception e) when (Away.Is(e))
        {
            return null;
        }
    }

    private static IReputationMigrationGrain Migration(IGrainFactory grains, Guid id) => grains.GetGrain<IReputationMigrationGrain>(id);
}
