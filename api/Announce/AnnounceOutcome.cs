using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Announce;

/// <summary>What an announce comes to, before a listener writes it in its own form.</summary>
/// <param name="Reply">The swarm's answer; null when refused or when it cannot be told now.</param>
/// <param name="Refusal">Why not, for the client's user to read; null when not refused.</param>
/// <param name="Warning">What it is told where it is neither: what will pass is an answer without peers.</param>
internal readonly record struct AnnounceOutcome(AnnounceReply? Reply, string? Refusal, string Warning = Tracker.Busy);
