namespace Pbts.GrainInterfaces.Operations;

/// <summary>What one silo holds at this moment, and what it has done since it started.</summary>
/// <param name="Announces">Announces its swarms have taken.</param>
/// <param name="Receipts">Receipts it has credited.</param>
/// <param name="RefusedReceipts">Receipts it has refused.</param>
/// <param name="Verifying">Reports and registrations that wait for a verifier.</param>
/// <param name="Committing">Reports that wait for the database.</param>
/// <param name="Memory">Bytes of its working set.</param>
[GenerateSerializer, Immutable, Alias("pbts.SiloFigures")]
public readonly record struct SiloFigures(
    [property: Id(0)] long Swarms,
    [property: Id(1)] long Peers,
    [property: Id(2)] long Announces,
    [property: Id(3)] long Receipts,
    [property: Id(4)] long RefusedReceipts,
    [property: Id(5)] int Verifying,
    [property: Id(6)] int Committing,
    [property: Id(7)] long Memory);
