using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Pbts.Api.Administration;
using Pbts.Api.Callers;
using Pbts.Api.Http;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Tee;
using Pbts.Hosting.Access;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Settings;

/// <summary>The settings of the whole cluster.</summary>
internal static class ConfigEndpoints
{
    public static void MapConfig(this IEndpointRouteBuilder app)
    {
        app.MapGet("/config", GetAsync).For(Caller.Anybody).WithSummary("The settings in force");
        app.MapPost("/config", ChangeAsync).RequireAdministrator().WithSummary("Change settings on every silo, durably (administrators)");
    }

    private static async Task<Ok<ConfigAnswer>> GetAsync(IGrainFactory grains, IOptions<TrackerOptions> tracker, IOptions<ReceiptsOptions> receipts, Moments moments)
    {
        var grain = grains.GetGrain<ISettingsGrain>(0);
        var settings = await grain.GetAsync();
        return TypedResults.Ok(new ConfigAnswer(
            await grain.GetInstanceIdAsync(), settings.VerifySignatures, settings.ReceiptWindow, tracker.Value.MinRatio, tracker.Value.MaxPeers,
            await moments.GetAsync("receipts", grain.CountSpentReceiptsAsync), settings.TeeMode,
            settings.Mode != TeeMode.Disabled && (await moments.GetAsync("tee", grains.GetGrain<ITeeGrain>(0).GetStatusAsync)).Available,
            receipts.Value.Unregistered));
    }

    private static async Task<Results<Ok<ConfigChangedAnswer>, Refusal>> ChangeAsync(Body<ConfigRequest> body, IGrainFactory grains)
    {
        if (await body.ReadAsync() is not { } change)
            return body.Refusal;
        var settings = await grains.GetGrain<ISettingsGrain>(0).ChangeAsync(new SettingsChange(change.VerifySignatures, change.ReceiptWindow, change.TeeMode));
        return TypedResults.Ok(new ConfigChangedAnswer(true, "Configuration updated", settings.VerifySignatures, settings.ReceiptWindow, settings.TeeMode));
    }
}

/// <summary>Body of <c>POST /config</c>; what is absent stays as it is.</summary>
internal sealed record ConfigRequest(bool? VerifySignatures = null, long? ReceiptWindow = null, string? TeeMode = null) : IBody<ConfigRequest>
{
    public static ConfigRequest Read(JsonFields fields)
    {
        var change = new ConfigRequest(
            fields.OptionalBoolean("verify_signatures"), (long?)fields.OptionalUnsigned("receipt_window", (ulong)ReceiptsOptions.MaxWindow), fields.OptionalText("tee_mode")?.ToLowerInvariant());
        if (change.TeeMode is { } mode && !TeeOptions.IsMode(mode))
            fields.Wrong("tee_mode", "must be disabled, enabled or benchmark", 0);
        if (change is { VerifySignatures: null, ReceiptWindow: null, TeeMode: null })
            fields.Refuse("nothing to change: give verify_signatures, receipt_window or tee_mode");
        return change;
    }
}

/// <summary>Answer to <c>GET /config</c>.</summary>
/// <param name="UnregisteredReceipts">What a receipt for a torrent that is not registered is worth: <c>fixed</c> (16,384 bytes), <c>refuse</c> or <c>claimed</c>.</param>
internal sealed record ConfigAnswer(
    string InstanceId, bool VerifySignatures, long ReceiptWindow, double MinRatio, int MaxPeers, long UsedReceiptsCount, string TeeMode, bool TeeAvailable, string UnregisteredReceipts);

/// <summary>Answer to <c>POST /config</c>.</summary>
internal sealed record ConfigChangedAnswer(bool Success, string Message, bool VerifySignatures, long ReceiptWindow, string TeeMode);
