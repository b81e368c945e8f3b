namespace Pbts.GrainInterfaces.Chain;

/// <summary>Lists migrations; the key is always 0.</summary>
[Alias("pbts.IMigrationIndexGrain")]
public interface IMigrationIndexGrain : IGrainWithIntegerKey
{
    /// <summary>The newest hundred, newest first, without their lists of failures.</summary>
    [Alias("List")]
    Task<IReadOnlyList<MigrationView>> ListAsync();
}
