using Pbts.GrainInterfaces.Site;

namespace Pbts.GrainInterfaces.Policy;

/// <summary>What has changed of what announces depend on.</summary>
/// <param name="Last">Where to go on from.</param>
/// <param name="Users">Members of whom nothing known before holds any more.</param>
/// <param name="MayHaveMissed">So much has changed, or so long ago, that nothing known before holds any more of any member.</param>
/// <param name="Clients">The rules for clients, where a list has changed.</param>
/// <param name="Tokens">The live tokens for programs, where a list has changed.</param>
/// <param name="Groups">The groups of members, where a list has changed.</param>
/// <param name="Factors">The factors for everything, where a list has changed.</param>
[GenerateSerializer, Immutable, Alias("pbts.PolicyChanges")]
public sealed record PolicyChanges(
    [property: Id(0)] long Last, [property: Id(1)] IReadOnlyList<string> Users, [property: Id(2)] bool MayHaveMissed, [property: Id(3)] IReadOnlyList<ClientRule>? Clients,
    [property: Id(4)] IReadOnlyList<ApiTokenGrant>? Tokens, [property: Id(5)] IReadOnlyList<SiteGroup>? Groups = null, [property: Id(6)] SiteFactors? Factors = null);
