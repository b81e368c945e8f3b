using Pbts.GrainInterfaces.Users;

namespace Pbts.GrainInterfaces.Issuers;

/// <summary>A passport, or why there is none.</summary>
/// <param name="Status"><see cref="RegistrationStatus.Done"/> when the caller is the member and has proved its key.</param>
/// <param name="Document">The JSON document; null where this tracker has no key to sign it with.</param>
[GenerateSerializer, Immutable, Alias("pbts.PassportResult")]
public sealed record PassportResult([property: Id(0)] RegistrationStatus Status, [property: Id(1)] byte[]? Document = null);
