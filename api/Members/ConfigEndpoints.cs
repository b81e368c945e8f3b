using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Settings;

namespace Pbts.Api.Members;

/// <summary>The settings of the whole cluster.</summary>
internal static class ConfigEndpoints
{
    private static readonly string[] TeeModes = ["disabled", "enabled", "benchmark"];

    public static void MapConfig(this IEndpointRouteBuilder app)
    {
        app.MapGet("/config", GetAsync).WithSummary("The settings in force").Produces<ConfigAnswer>();
        app.MapPost("/config", ChangeAsync).WithSummary("Change settings on every silo, durably (administrators)")
            .AddEndpointFilter<AdminAuthorization>().Accepts<ConfigRequest>("application/json", "*/*").Produces<ConfigChangedAnswer>();
    }

    private static async Task<IResult> GetAsync(IGrainFactory grains, IOptions<TrackerOptions> tracker)
    {
        var grain = grains.GetGrain<ISettingsGrain>(0);
        var settings = await grain.GetAsync();
        return TypedResults.Ok(new ConfigAnswer(
            await grain.GetInstanceIdAsync(), settings.VerifySignatures, settings.ReceiptWindow, tracker.Value.MinRatio, tracker.Value.MaxPeers,
            await grain.CountSpentReceiptsAsync(), settings.TeeMode));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, IGrainFactory grains)
    {
        var (fields, refusal) = await JsonBody.ReadAsync(context);
        if (refusal is not null)
            return refusal;
        var verify = fields.OptionalBoolean("verify_signatures");
        var window = fields.OptionalUnsigned("receipt_window", (ulong)ReceiptsOptions.MaxWindow);
        var mode = fields.OptionalText("tee_mode")?.ToLowerInvariant();
        if (mode is not null && !TeeModes.Contains(mode))
            fields.Wrong("tee_mode", "must be disabled, enabled or benchmark", 0);
        if (fields.Error is { } error)
            return Answers.BadRequest(error);
        if (verify is null && window is null && mode is null)
            return Answers.BadRequest("nothing to change: give verify_signatures, receipt_window or tee_mode");

        var settings = await grains.GetGrain<ISettingsGrain>(0).ChangeAsync(new SettingsChange(verify, (long?)window, mode));
        return TypedResults.Ok(new ConfigChangedAnswer(true, "Configuration updated", settings.VerifySignatures, settings.ReceiptWindow));
    }
}

/// <summary>Body of <c>POST /config</c>; what is absent stays as it is.</summary>
internal sealed record ConfigRequest(bool? VerifySignatures, long? ReceiptWindow, string? TeeMode);

/// <summary>Answer to <c>GET /config</c>.</summary>
internal sealed record ConfigAnswer(
    string InstanceId, bool VerifySignatures, long ReceiptWindow, double MinRatio, int MaxPeers, long UsedReceiptsCount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? TeeMode);

/// <summary>Answer to <c>POST /config</c>.</summary>
internal sealed record ConfigChangedAnswer(bool Success, string Message, bool VerifySignatures, long ReceiptWindow);
