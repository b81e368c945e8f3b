namespace Pbts.Grains.Claims;

/// <summary>What one announce adds to the durable record.</summary>
/// <param name="Completed">The peer finished its download with this announce.</param>
/// <param name="Uploaded">Bytes it says it sent since its session's last announce, as far as they are plausible.</param>
/// <param name="Downloaded">Bytes it says it received since then, likewise.</param>
/// <param name="From">The session's counters at its last announce.</param>
/// <param name="To">The counters of this one.</param>
/// <param name="Seeded">Milliseconds it has seeded since its last announce, that no other client of the member has.</param>
/// <param name="IsActive">The member it is accounted to is in the swarm after it.</param>
internal readonly record struct AnnounceEffect(bool Completed, long Uploaded, long Downloaded, Counters From, Counters To, long Seeded = 0, bool IsActive = false);

/// <summary>A client's own counters (BEP 3), in bytes.</summary>
internal readonly record struct Counters(long Uploaded, long Downloaded);
