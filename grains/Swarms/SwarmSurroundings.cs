using Microsoft.Extensions.Logging;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;

namespace Pbts.Grains.Swarms;

/// <summary>What all swarms of a silo have in common, held once: a swarm is one of hundreds of thousands.</summary>
internal sealed record SwarmSurroundings(
    SwarmStore Store, SwarmCensus Census, IRegisteredTorrents Torrents, TorrentWatch Watch, ClaimedTotals Claimed, SwarmRules Rules, TimeProvider Time, ILogger<SwarmGrain> Logger);
