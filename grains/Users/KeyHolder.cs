namespace Pbts.Grains.Users;

/// <summary>The member whose key it is or was.</summary>
/// <param name="Id">Row id.</param>
/// <param name="Proven">Whether the member has proved it; else it is only a claim.</param>
/// <param name="RetiredAt">Unix seconds of its replacement; null while it is in force.</param>
internal sealed record KeyHolder(long Id, string UserId, bool Proven, long? RetiredAt = null);
