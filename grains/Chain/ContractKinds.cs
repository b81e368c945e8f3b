namespace Pbts.Grains.Chain;

/// <summary>What outbox transactions are for.</summary>
internal static class ContractKinds
{
    public const string Init = "init";
    public const string Register = "register";
    public const string Update = "update";
    public const string Migrate = "migrate";
    public const string Sync = "sync";
    public const string MigrationDeploy = "migration-deploy";
    public const string MigrationBatch = "migration-batch";
    public const string MigrationRetire = "migration-retire";
}
