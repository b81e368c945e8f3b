namespace Pbts.Api.Callers;

/// <summary>The limits that refuse callers, as the metric <c>pbts_refused_total</c> names them.</summary>
internal enum Limit
{
    /// <summary>Announces of an address or a user.</summary>
    Announces,

    /// <summary>Entries of peer lists for a member.</summary>
    Peers,

    /// <summary>Info hashes an address scrapes.</summary>
    Scrapes,

    /// <summary>Passkeys and user ids never seen before.</summary>
    Passkeys,

    /// <summary>Requests of an address, or reports of a user, that change something.</summary>
    Reports,

    /// <summary>Requests of an address that only read.</summary>
    Requests,

    /// <summary>Bodies under way, of an address or of all.</summary>
    Bodies,

    /// <summary>Bodies that did not come in in time.</summary>
    SlowBodies,
}
