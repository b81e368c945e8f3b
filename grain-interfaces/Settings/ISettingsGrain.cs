namespace Pbts.GrainInterfaces.Settings;

/// <summary>The cluster's settings and identity. Stateless: the nearest silo answers.</summary>
[Alias("pbts.ISettingsGrain")]
public interface ISettingsGrain : IGrainWithIntegerKey
{
    /// <summary>The instance id, 64 hex characters, made once for the cluster's database.</summary>
    [Alias("GetInstanceId")]
    ValueTask<string> GetInstanceIdAsync();

    /// <summary>The settings in force on the answering silo: at most two seconds behind a change made elsewhere.</summary>
    [Alias("Get"), ResponseTimeout("00:00:05")]
    ValueTask<ClusterSettings> GetAsync();

    /// <summary>Applies all of the change or nothing, durably; when it returns every reachable silo follows it.</summary>
    [Alias("Change")]
    Task<ClusterSettings> ChangeAsync(SettingsChange change);

    /// <summary>Spent receipts that are kept; an estimate from the database's statistics.</summary>
    [Alias("CountSpentReceipts")]
    Task<long> CountSpentReceiptsAsync();
}

/// <summary>Tells one silo to read the settings anew. The key is the silo's address in parsable form.</summary>
[Alias("pbts.ISettingsRefreshGrain")]
public interface ISettingsRefreshGrain : IGrainWithStringKey
{
    [Alias("Refresh"), ResponseTimeout("00:00:03")]
    Task RefreshAsync();
}
