namespace Pbts.GrainInterfaces.Chain;

/// <summary>A user as a contract holds it.</summary>
/// <param name="Username">The name.</param>
/// <param name="Salt">Public salt of the password hash.</param>
/// <param name="PasswordHash"><c>0x</c> and 64 hex digits.</param>
/// <param name="DownloadSize">Bytes, in decimal digits: contracts of the first generation allow 256 bits.</param>
/// <param name="UploadSize">Bytes, in decimal digits.</param>
/// <param name="Contract">The contract that holds the record, checksummed.</param>
/// <param name="PublicKey">96 hex digits of the member's BLS key; null when the contract has none.</param>
[GenerateSerializer, Immutable, Alias("pbts.ContractUser")]
public sealed record ContractUser(
    [property: Id(0)] string Username,
    [property: Id(1)] string Salt,
    [property: Id(2)] string PasswordHash,
    [property: Id(3)] string DownloadSize,
    [property: Id(4)] string UploadSize,
    [property: Id(5)] string Contract,
    [property: Id(6)] string? PublicKey);
