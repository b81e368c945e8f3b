namespace Pbts.GrainInterfaces.Policy;

/// <summary>What a token may do.</summary>
public static class ApiScope
{
    /// <summary>Whatever the administration may.</summary>
    public const string Admin = "admin";

    /// <summary>Read what is said of members, torrents and clients, and what they did.</summary>
    public const string SiteRead = "site:read";

    /// <summary>Read and change it.</summary>
    public const string SiteWrite = "site:write";

    /// <summary>Read the figures of cluster and swarms that the console shows.</summary>
    public const string StatsRead = "stats:read";

    /// <summary>Read every member's evidence.</summary>
    public const string EvidenceRead = "evidence:read";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Admin, SiteRead, SiteWrite, StatsRead, EvidenceRead];

    /// <summary>Whether scopes cover one.</summary>
    public static bool Covers(IReadOnlyList<string> scopes, string needed) =>
        scopes.Contains(Admin) || scopes.Contains(needed) || (needed == SiteRead && scopes.Contains(SiteWrite));
}
