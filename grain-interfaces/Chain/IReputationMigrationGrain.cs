namespace Pbts.GrainInterfaces.Chain;

/// <summary>
/// Carries one migration through: deploys the new contract, finds the users, moves them in batches, and makes the new
/// contract the active one. All it knows is in the database; the key is the migration's id.
/// </summary>
[Alias("pbts.IReputationMigrationGrain")]
public interface IReputationMigrationGrain : IGrainWithGuidKey
{
    /// <summary>Puts the migration on record and begins; a problem when it is refused.</summary>
    [Alias("Start"), ResponseTimeout("00:01:00")]
    Task<ContractResult<MigrationView>> StartAsync(MigrationRequest request);

    /// <summary>The migration as it stands; null when there is none of this id.</summary>
    [Alias("Get")]
    Task<MigrationView?> GetAsync();

    /// <summary>Steers it; a problem when its state does not allow that.</summary>
    [Alias("Command")]
    Task<ContractResult<MigrationView>> CommandAsync(MigrationCommand command);
}
