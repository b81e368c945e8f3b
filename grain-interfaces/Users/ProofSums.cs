namespace Pbts.GrainInterfaces.Users;

/// <summary>How much of what members transferred is proven, over all members.</summary>
/// <param name="Members">Registered users.</param>
/// <param name="Proving">Those who gave or got anything for which there is a voucher or receipt.</param>
/// <param name="Credited">Bytes that vouchers and receipts credited to senders.</param>
/// <param name="Claimed">Bytes that members' clients say in announces they uploaded.</param>
[GenerateSerializer, Immutable, Alias("pbts.ProofSums")]
public sealed record ProofSums([property: Id(0)] long Members, [property: Id(1)] long Proving, [property: Id(2)] long Credited, [property: Id(3)] long Claimed);
