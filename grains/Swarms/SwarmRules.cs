using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Swarms;

/// <summary>What holds for every swarm of a silo.</summary>
/// <param name="Lifetime">Seconds without an announce after which a peer is gone.</param>
/// <param name="PeersPerAddress">Most peers of one IPv4 address or IPv6 /64 in a swarm; 0: no limit.</param>
/// <param name="BytesPerSecond">Most transfer a second that is believed of one member's session.</param>
internal sealed record SwarmRules(int Lifetime, int PeersPerAddress = 0, long BytesPerSecond = 125_000_000)
{
    /// <summary>Most peers of one member in a swarm, in each address family.</summary>
    public const int PeersPerMember = 3;

    /// <summary>Most peers that one address and port may be, where addresses are not limited.</summary>
    private const int PeersPerEndpoint = 4;

    public SwarmRules(IOptions<TrackerOptions> options)
        : this(options.Value.PeerLifetime, options.Value.PeersPerAddress, options.Value.PlausibleBytesPerSecond)
    {
    }

    /// <summary>Most peers of one group of a <see cref="PeerTable"/>.</summary>
    public int PeersPerGroup => PeersPerAddress > 0 ? PeersPerAddress : PeersPerEndpoint;

    /// <summary>Bytes of a compact endpoint that make a group: the address or, where addresses are not limited, all of it.</summary>
    /// <param name="stride">Length of the endpoint, 6 or 18.</param>
    public int GroupLength(int stride) => PeersPerAddress == 0 ? stride : stride == 6 ? 4 : 8;
}
