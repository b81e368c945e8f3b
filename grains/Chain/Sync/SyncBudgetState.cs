namespace Pbts.Grains.Chain.Sync;

/// <summary>How the sync stands.</summary>
/// <param name="GasUsed">Gas of the last 24 hours: burnt, and set aside for what is not mined yet.</param>
/// <param name="PausedSince">Since when totals wait for the budget; null when they do not.</param>
/// <param name="Waiting">Members that would be added if somebody vouched for them.</param>
internal sealed record SyncBudgetState(long GasUsed, DateTimeOffset? PausedSince, int Waiting)
{
    /// <summary>What is said when the budget does not suffice.</summary>
    public static string UsedUp(long perDay) =>
        $"The sync has used up its gas: {perDay} in 24 hours (Chain:SyncGasPerDay). What is left of the members' totals is written when there is room again.";
}
