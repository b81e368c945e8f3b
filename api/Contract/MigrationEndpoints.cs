using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Pbts.Api.Administration;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Chain;
using Pbts.Hosting.Resilience;
using Pbts.Protocol.Ethereum;

namespace Pbts.Api.Contract;

/// <summary>The operators' requests to move members from one contract to the next.</summary>
internal static class MigrationEndpoints
{
    private const int DefaultBatchSize = 100;
    private const int MaxListedUsers = 100_000;
    private static readonly TimeSpan EventInterval = TimeSpan.FromSeconds(1);

    /// <summary>Maps <c>/migrations</c>, all of it for the administration.</summary>
    public static void MapMigrations(this IEndpointRouteBuilder app)
    {
        var migrations = app.MapGroup("/migrations").RequireAdministrator();
        migrations.MapPost("", StartAsync);
        migrations.MapGet("", ListAsync).WithMetadata(new Unaudited());
        migrations.MapGet("/{id:guid}", GetAsync).WithMetadata(new Unaudited());
        migrations.MapPost("/{id:guid}/pause", (Guid id, IGrainFactory grains) => CommandAsync(id, MigrationCommand.Pause, grains));
        migrations.MapPost("/{id:guid}/resume", (Guid id, IGrainFactory grains) => CommandAsync(id, MigrationCommand.Resume, grains));
        migrations.MapPost("/{id:guid}/cancel", (Guid id, IGrainFactory grains) => CommandAsync(id, MigrationCommand.Cancel, grains));
        migrations.MapGet("/{id:guid}/events", EventsAsync);
        migrations.Map("/{**other}", () => Answers.NotFound("unknown migration")).ExcludeFromDescription().WithMetadata(new Unaudited());
    }

    private static async Task<IResult> StartAsync(HttpContext context, IGrainFactory grains)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context, JsonBody.Large);
        if (refusal is not null) return refusal;
        var referrer = fields.Text("referrer_address");
        var batchSize = fields.OptionalUnsigned("batch_size", ReputationV2Abi.MaxBatch, 1) ?? DefaultBatchSize;
        var retire = fields.OptionalBoolean("retire_referrer") ?? false;
        var users = Users(fields);
        if (fields.Error is { } error) return Answers.BadRequest(error);
        var id = Guid.NewGuid();
        var result = await Migration(grains, id).StartAsync(new MigrationRequest(referrer, users, (int)batchSize, retire));
        return result.Value is { } view
            ? TypedResults.Accepted($"/migrations/{id}", MigrationAnswer.From(view))
            : ContractEndpoints.Refuse(result.Problem!);
    }

    /// <summary>Null for everybody: <c>users</c> is <c>"all"</c>, absent, or a list of names.</summary>
    private static List<string>? Users(JsonFields fields)
    {
        if (!fields.Has("users") || fields.IsText("users"))
        {
            if (fields.Has("users") && fields.Text("users") != "all") fields.Wrong("users", "must be \"all\" or an array of user names", 0);
            return null;
        }
        var names = new List<string>();
        foreach (var item in fields.OptionalArray("users", MaxListedUsers))
        {
            if (UserName(item) is { } name) names.Add(name);
            else fields.Wrong("users", "has an element that is no user name", 0);
        }
        if (names.Count == 0) fields.Wrong("users", "is empty", 0);
        return names;
    }

    /// <summary>Null when a contract cannot have it as a name.</summary>
    private static string? UserName(JsonElement item)
    {
        try
        {
            return item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } name && !name.Contains('\0', StringComparison.Ordinal)
                && Encoding.UTF8.GetByteCount(name) <= ReputationV2Abi.MaxStringBytes ? name : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }

    private static async Task<IResult> ListAsync(IGrainFactory grains)
    {
        var views = await grains.GetGrain<IMigrationIndexGrain>(0).ListAsync();
        return TypedResults.Json(new MigrationListAnswer(true, [.. views.Select(MigrationAnswer.From)]));
    }

    private static async Task<IResult> GetAsync(Guid id, IGrainFactory grains) => await Migration(grains, id).GetAsync() is { } view
        ? TypedResults.Json(MigrationAnswer.From(view))
        : Answers.NotFound("unknown migration");

    private static async Task<IResult> CommandAsync(Guid id, MigrationCommand command, IGrainFactory grains)
    {
        var result = await Migration(grains, id).CommandAsync(command);
        return result.Value is { } view ? TypedResults.Json(MigrationAnswer.From(view)) : ContractEndpoints.Refuse(result.Problem!);
    }

    /// <summary>Server-sent events (WHATWG HTML): the migration whenever it has changed, until it is finished.</summary>
    private static async Task<IResult> EventsAsync(Guid id, HttpContext context, IGrainFactory grains, IHostApplicationLifetime lifetime)
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
