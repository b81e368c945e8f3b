using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Who may announce.</summary>
public enum TrackerAccess
{
    /// <summary>Anybody; a passkey that is given must still be known.</summary>
    Open,

    /// <summary>Only users of this tracker, by passkey or signature.</summary>
    Registered,
}

/// <summary>Announce and scrape. Section <c>Tracker</c>.</summary>
public sealed class TrackerOptions
{
    public const string Section = "Tracker";

    public TrackerAccess Access { get; set; } = TrackerAccess.Open;

    /// <summary>Seconds a client is asked to wait between announces; up to a tenth is added at random so that clients spread out.</summary>
    public int Interval { get; set; } = 1800;

    /// <summary>Seconds a client must wait at least.</summary>
    public int MinInterval { get; set; } = 900;

    /// <summary>Most peers in one answer, and the default when <c>numwant</c> is absent. <c>MAX_PEERS</c>.</summary>
    public int MaxPeers { get; set; } = 50;

    /// <summary>Lowest upload/download ratio that may still download. <c>MIN_RATIO</c>.</summary>
    public double MinRatio { get; set; } = 0.5;

    /// <summary>Bytes a user may download before the ratio counts. <c>INIT_CREDIT</c>.</summary>
    public long InitCredit { get; set; } = 1L << 30;

    /// <summary>Most info hashes answered in one scrape; the rest of the query is ignored.</summary>
    public int MaxScrape { get; set; } = 200;

    /// <summary>Answer a scrape without info_hash with every torrent. Off by default: it tells strangers what is tracked.</summary>
    public bool FullScrape { get; set; }

    /// <summary>Addresses or CIDR networks whose X-Real-IP and X-Forwarded-For are believed.</summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>
    /// Under which address peers that announced from loopback or a private address are given to those outside; one of each
    /// family at most, separated by a semicolon. Empty: private addresses as they are, loopback ones not at all.
    /// </summary>
    public string ExternalAddress { get; set; } = "";

    /// <summary>Believe the <c>ip</c>, <c>ipv4</c> and <c>ipv6</c> parameters. Off: anybody could list anybody.</summary>
    public bool TrustIpParameter { get; set; }

    /// <summary>Bytes a second above which claimed transfer is not believed (BEP 3 counters are the client's word).</summary>
    public long PlausibleBytesPerSecond { get; set; } = 125_000_000;

    /// <summary>Announces a second that one address (of IPv6, one /64) and one user may make for long; 0: no limit.</summary>
    public double AnnounceRate { get; set; } = 100;

    /// <summary>Announces they may make at once: a client with thousands of torrents starts.</summary>
    public int AnnounceBurst { get; set; } = 10_000;

    /// <summary>Info hashes a second that one address (of IPv6, one /64) may scrape for long; 0: no limit.</summary>
    public double ScrapeRate { get; set; } = 100;

    /// <summary>Info hashes it may scrape at once: a client with thousands of torrents starts.</summary>
    public int ScrapeBurst { get; set; } = 10_000;

    /// <summary>
    /// Most peers of one address (of IPv6, one /64) in a swarm: the one not seen for longest goes. It also lets an address
    /// count one completed download a torrent and day. 0: addresses are not limited.
    /// </summary>
    public int PeersPerAddress { get; set; } = 32;

    /// <summary>
    /// Ports that no peer may listen on, and ranges of them, separated by semicolons (<c>22;6881-6889</c>): what others block, so
    /// that nobody reaches the peer, or belongs to other services.
    /// </summary>
    public string BlockedPorts { get; set; } = "";

    /// <summary>Most swarms of one silo; 0: no limit.</summary>
    public int MaxSwarms { get; set; } = 1_000_000;

    /// <summary>Swarms a second that one address (of IPv6, one /64) or, with a passkey, one user may begin for long; 0: no limit.</summary>
    public double NewSwarmRate { get; set; } = 1;

    /// <summary>Swarms they may begin at once: a client with thousands of torrents after a restart of the tracker.</summary>
    public int NewSwarmBurst { get; set; } = 10_000;

    /// <summary>Most HTTP connections at once; fewer where the process may not have so many descriptors (RLIMIT_NOFILE).</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>Most of them of one address (of IPv6, one /64) that is no trusted proxy; 0: no bound.</summary>
    public int ConnectionsPerAddress { get; set; } = 256;

    /// <summary>Seconds a client has for a whole request head, from when it connects or begins it.</summary>
    public int RequestSeconds { get; set; } = 10;

    /// <summary>
    /// Milliseconds an HTTP announce may wait for its turn. When announces have waited longer for a tenth of a second, those
    /// beyond what can be answered in time are told to come back; 0: never.
    /// </summary>
    public int ShedAfter { get; set; } = 2;

    /// <summary>Seconds an idle connection is kept.</summary>
    public int ConnectionIdleSeconds { get; set; } = 120;

    /// <summary>Entries of peer lists that a member gets in an hour as a leecher, from one front end; beyond, the list is empty. 0: no limit.</summary>
    public int PeersAsLeecher { get; set; }

    /// <summary>Entries of peer lists that a member gets in an hour as a seeder, from one front end. 0: no limit.</summary>
    public int PeersAsSeeder { get; set; }

    /// <summary>Reads <see cref="BlockedPorts"/>; false when it is no list of ports.</summary>
    public bool TryGetBlockedPorts(out IReadOnlySet<int> ports)
    {
        var blocked = new HashSet<int>();
        ports = blocked;
        foreach (var part in BlockedPorts.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-');
            if (ends.Length > 2 || !TryPort(ends[0], out var first) || !TryPort(ends[^1], out var last) || first > last)
                return false;
            blocked.UnionWith(Enumerable.Range(first, last - first + 1));
        }

        return true;

        static bool TryPort(string text, out int port) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is > 0 and <= 65535;
    }

    /// <summary>Reads <see cref="ExternalAddress"/>; false when it is no list of addresses.</summary>
    public bool TryGetExternalAddresses(out IReadOnlyList<IPAddress> addresses)
    {
        var parts = ExternalAddress.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        addresses = [.. parts.Select(part => IPAddress.TryParse(part, out var address) ? address : null).OfType<IPAddress>()];
        return addresses.Count == parts.Length && addresses.DistinctBy(address => address.AddressFamily).Count() == addresses.Count;
    }

    /// <summary>Seconds without an announce after which a peer is gone: one and a half intervals.</summary>
    public int PeerLifetime => Interval + (Interval / 2);
}

/// <summary>Refuses to start on limits that make no sense, naming the setting.</summary>
public sealed class TrackerOptionsValidator : IValidateOptions<TrackerOptions>
{
    public ValidateOptionsResult Validate(string? name, TrackerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        Check(options.Interval is >= 1 and <= 86_400, $"Tracker:Interval is {options.Interval}: it must be 1 to 86400 seconds.");
        Check(options.MinInterval >= 0 && options.MinInterval <= options.Interval, $"Tracker:MinInterval is {options.MinInterval}: it must be 0 to Tracker:Interval.");
        Check(options.MaxPeers is >= 0 and <= 1000, $"MAX_PEERS (Tracker:MaxPeers) is {options.MaxPeers}: it must be 0 to 1000.");
        Check(options.MinRatio is >= 0 and <= 1_000_000, $"MIN_RATIO (Tracker:MinRatio) is {options.MinRatio}: it must be 0 or more.");
        Check(options.InitCredit >= 0, $"INIT_CREDIT (Tracker:InitCredit) is {options.InitCredit}: it must be 0 or more bytes.");
        Check(options.MaxScrape is >= 1 and <= 1000, $"Tracker:MaxScrape is {options.MaxScrape}: it must be 1 to 1000.");
        Check(options.PlausibleBytesPerSecond > 0, $"Tracker:PlausibleBytesPerSecond is {options.PlausibleBytesPerSecond}: it must be positive.");
        Check(options.AnnounceRate >= 0, $"Tracker:AnnounceRate is {options.AnnounceRate}: it must be 0 or more a second.");
        Check(options.AnnounceBurst > 0, $"Tracker:AnnounceBurst is {options.AnnounceBurst}: it must be positive.");
        Check(options.TryGetExternalAddresses(out _), $"Tracker:ExternalAddress is \"{options.ExternalAddress}\": give an IPv4 address, an IPv6 address, or both with a semicolon between them.");
        Check(options.TryGetBlockedPorts(out _), $"Tracker:BlockedPorts is \"{options.BlockedPorts}\": give ports and ranges of them with semicolons between, such as 22;6881-6889.");
        Check(options.ScrapeRate >= 0, $"Tracker:ScrapeRate is {options.ScrapeRate}: it must be 0 or more a second.");
        Check(options.ScrapeBurst >= options.MaxScrape, $"Tracker:ScrapeBurst is {options.ScrapeBurst}: it must be at least Tracker:MaxScrape.");
        Check(options.PeersPerAddress is >= 0 and <= 256, $"Tracker:PeersPerAddress is {options.PeersPerAddress}: it must be 0 to 256.");
        Check(options.PeersAsLeecher is 0 || options.PeersAsLeecher >= options.MaxPeers, $"Tracker:PeersAsLeecher is {options.PeersAsLeecher}: it must be 0 (no limit), or at least MAX_PEERS.");
        Check(options.PeersAsSeeder is 0 || options.PeersAsSeeder >= options.MaxPeers, $"Tracker:PeersAsSeeder is {options.PeersAsSeeder}: it must be 0 (no limit), or at least MAX_PEERS.");
        Check(options.MaxSwarms >= 0, $"Tracker:MaxSwarms is {options.MaxSwarms}: it must be 0 or more.");
        Check(options.NewSwarmRate >= 0, $"Tracker:NewSwarmRate is {options.NewSwarmRate}: it must be 0 or more a second.");
        Check(options.NewSwarmBurst > 0, $"Tracker:NewSwarmBurst is {options.NewSwarmBurst}: it must be positive.");
        Check(options.MaxConnections > 0, $"Tracker:MaxConnections is {options.MaxConnections}: it must be positive.");
        Check(options.ConnectionsPerAddress >= 0, $"Tracker:ConnectionsPerAddress is {options.ConnectionsPerAddress}: it must be 0 (no bound) or more.");
        Check(options.RequestSeconds is >= 1 and <= 600, $"Tracker:RequestSeconds is {options.RequestSeconds}: it must be 1 to 600.");
        Check(options.ShedAfter is >= 0 and <= 10_000, $"Tracker:ShedAfter is {options.ShedAfter}: it must be 0 to 10000 milliseconds.");
        Check(options.ConnectionIdleSeconds > 0, $"Tracker:ConnectionIdleSeconds is {options.ConnectionIdleSeconds}: it must be positive.");
        foreach (var proxy in options.TrustedProxies)
            Check(IPNetwork.TryParse(proxy, out _) || IPAddress.TryParse(proxy, out _), $"Tracker:TrustedProxies has \"{proxy}\": give an address or a network such as 10.0.0.0/8.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool ok, string error)
        {
            if (!ok)
                errors.Add(error);
        }
    }
}
