namespace Pbts.GrainInterfaces.Chain;

/// <summary>A user to add to the active contract.</summary>
/// <param name="Username">The name.</param>
/// <param name="Salt">Salt of the password hash; may be empty.</param>
/// <param name="PasswordHash">32 bytes, not all zero.</param>
/// <param name="DownloadSize">Bytes, at most 2^96-1.</param>
/// <param name="UploadSize">Bytes, at most 2^96-1.</param>
[GenerateSerializer, Immutable, Alias("pbts.ContractRegistration")]
public sealed record ContractRegistration(
    [property: Id(0)] string Username,
    [property: Id(1)] string Salt,
    [property: Id(2)] byte[] PasswordHash,
    [property: Id(3)] decimal DownloadSize,
    [property: Id(4)] decimal UploadSize);
