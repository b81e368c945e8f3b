using System.Globalization;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Settings;
using Pbts.Grains.Database;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Settings;

/// <summary>This silo's copy of the cluster's settings, and the instance id.</summary>
internal sealed class SettingsStore(NpgsqlDataSource database, IOptions<ReceiptsOptions> options, IOptions<TeeOptions> tee)
{
    private const string VerifySignatures = "verify_signatures";
    private const string ReceiptWindow = "receipt_window";
    private const string TeeMode = "tee_mode";

    private volatile ClusterSettings? _current;
    private volatile string? _instanceId;

    /// <summary>The settings as last read.</summary>
    public async ValueTask<ClusterSettings> GetAsync() => _current ?? await RefreshAsync();

    public async ValueTask<string> GetInstanceIdAsync() => _instanceId ??= await Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("SELECT id FROM instance");
        return (string)(await command.ExecuteScalarAsync())!;
    });

    /// <summary>Reads the settings anew.</summary>
    public Task<ClusterSettings> RefreshAsync() => Repeatable.RunAsync(async () =>
    {
        var values = new Dictionary<string, string>();
        await using var command = database.CreateCommand("SELECT name, value FROM settings");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            values.Add(reader.GetString(0), reader.GetString(1));
        return _current = new ClusterSettings(
            values.TryGetValue(VerifySignatures, out var verify) ? bool.Parse(verify) : options.Value.VerifySignatures,
            values.TryGetValue(ReceiptWindow, out var window) ? long.Parse(window, CultureInfo.InvariantCulture) : options.Value.Window,
            values.GetValueOrDefault(TeeMode) ?? tee.Value.Mode.ToLowerInvariant());
    });

    /// <summary>Writes every given setting in one statement.</summary>
    public Task WriteAsync(SettingsChange change) => Repeatable.TransactAsync(database, async connection =>
    {
        var values = new (string Name, string? Value)[]
        {
            (VerifySignatures, change.VerifySignatures?.ToString()),
            (ReceiptWindow, change.ReceiptWindow?.ToString(CultureInfo.InvariantCulture)),
            (TeeMode, change.TeeMode),
        }.Where(setting => setting.Value is not null).ToArray();
        await using var command = new NpgsqlCommand("""
            INSERT INTO settings (name, value) SELECT * FROM unnest($1::text[], $2::text[])
            ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = now()
            """, connection);
        command.Parameters.Add(new() { Value = values.Select(setting => setting.Name).ToArray() });
        command.Parameters.Add(new() { Value = values.Select(setting => setting.Value!).ToArray() });
        return (await command.ExecuteNonQueryAsync(), true);
    });

    /// <summary>Estimate of the spent receipts that are kept.</summary>
    public Task<long> CountSpentReceiptsAsync() => Repeatable.RunAsync(async () =>
    {
        await using var command = database.CreateCommand("""
            SELECT coalesce(sum(coalesce(live.n_live_tup, 0)), 0)::bigint
            FROM pg_inherits JOIN pg_stat_user_tables AS live ON live.relid = inhrelid
            WHERE inhparent = 'receipts'::regclass
            """);
        return (long)(await command.ExecuteScalarAsync())!;
    });
}
