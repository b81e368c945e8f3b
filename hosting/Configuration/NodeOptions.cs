using System.Net;
using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Where a process stands in the cluster. Section <c>Node</c>.</summary>
public sealed class NodeOptions
{
    public const string Section = "Node";

    /// <summary>
    /// Npgsql connection string of the database that holds cluster membership, grain state and the ledger: of one server, or of
    /// several (<c>Host=a,b;Target Session Attributes=primary;…</c>). <c>PBTS_DATABASE</c>.
    /// </summary>
    public string Database { get; set; } = "";

    /// <summary>Addresses of the HTTP and HTTPS listeners, separated by semicolons. <c>PBTS_LISTEN</c>.</summary>
    public string Listen { get; set; } = "http://127.0.0.1:8000;http://[::1]:8000";

    /// <summary>PEM file with the certificate of <c>https://</c> addresses and those between it and its root. <c>PBTS_CERTIFICATE</c>.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>PEM file with the certificate's key, not encrypted; empty: it is in the file of the certificate. <c>PBTS_CERTIFICATE_KEY</c>.</summary>
    public string CertificateKey { get; set; } = "";

    /// <summary>Addresses for metrics and health, for the operator alone; empty: none. <c>PBTS_MANAGEMENT_LISTEN</c>.</summary>
    public string ManagementListen { get; set; } = "http://127.0.0.1:9464";

    /// <summary>
    /// Addresses of the UDP tracker (BEP 15) such as <c>udp://127.0.0.1:8000</c>, separated by semicolons. Not set: those
    /// of <see cref="Listen"/> without TLS. Empty or <c>off</c>: no UDP. <c>PBTS_UDP_LISTEN</c>.
    /// </summary>
    public string? UdpListen { get; set; }

    /// <summary>Sockets, each with its thread, at every UDP address; 0: one for each core. <c>PBTS_UDP_SOCKETS</c>.</summary>
    public int UdpSockets { get; set; }

    /// <summary><c>node</c> (silo with the api mounted) or <c>silo</c> (grains and health only). <c>PBTS_ROLE</c>.</summary>
    public string Role { get; set; } = "node";

    /// <summary>What the console calls this silo or front end; empty: a name of its own. <c>PBTS_NAME</c>.</summary>
    public string Name { get; set; } = "";

    /// <summary>TCP port for silo to silo traffic. <c>PBTS_SILO_PORT</c>.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>
    /// TCP port where front ends reach this silo; 0: any free one, another at each start. A restarted silo should not have
    /// the gateway address of the one before: front ends that still clear away their connections to that would hit the new
    /// one's. <c>PBTS_GATEWAY_PORT</c>.
    /// </summary>
    public int GatewayPort { get; set; }

    /// <summary>
    /// TCP port where front ends hand in announces beside the gateway; 0: any free one. While they cannot reach it, announces
    /// go through the gateway, which takes longer. <c>PBTS_LANE_PORT</c>.
    /// </summary>
    public int LanePort { get; set; }

    /// <summary>IP address other members reach this silo at. <c>PBTS_ADVERTISED_ADDRESS</c>.</summary>
    public string AdvertisedAddress { get; set; } = "127.0.0.1";

    /// <summary>Members with the same id and database form one cluster. <c>PBTS_CLUSTER_ID</c>.</summary>
    public string ClusterId { get; set; } = "pbts";

    /// <summary>
    /// What the processes of the cluster prove to each other that they know; empty: the secret that is in the database.
    /// <c>PBTS_CLUSTER_SECRET</c>.
    /// </summary>
    public string ClusterSecret { get; set; } = "";

    /// <summary>Base URL under which clients reach the tracker, for the announce URLs it hands out; empty: taken from each request. <c>PBTS_PUBLIC_URL</c>.</summary>
    public string PublicUrl { get; set; } = "";

    /// <summary>True when this process also serves the tracker and the JSON interfaces.</summary>
    public bool ServesApi => Role == "node";

    /// <summary>Where the UDP tracker listens; empty where it is off.</summary>
    /// <returns>Null, or what is wrong.</returns>
    public string? TryGetUdpEndpoints(out IReadOnlyList<IPEndPoint> endpoints)
    {
        if (UdpListen is "" or "off")
        {
            endpoints = [];
            return null;
        }

        var error = UdpListen is null ? ListenAddresses.TryParse(Listen, ListenAddresses.Web, out var addresses) : ListenAddresses.TryParse(UdpListen, ["udp"], out addresses);
        endpoints = [.. addresses.Where(address => address.Scheme != "https").Select(address => address.EndPoint)];
        return error ?? (endpoints.Any(endpoint => endpoint.Port == 0) ? "has no port: give each address one, or set it to off." : null);
    }
}

/// <summary>Refuses to start on a configuration that cannot work, naming the setting.</summary>
public sealed class NodeOptionsValidator : IValidateOptions<NodeOptions>
{
    public ValidateOptionsResult Validate(string? name, NodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        if (DatabaseAddress.Check(options.Database) is { } database)
            errors.Add($"PBTS_DATABASE (Node:Database) {database}");
        if (options.Role is not ("node" or "silo"))
            errors.Add($"PBTS_ROLE (Node:Role) is \"{options.Role}\": it must be node or silo.");
        if (ListenAddresses.TryParse(options.Listen, ListenAddresses.Web, out var addresses) is { } listen)
            errors.Add($"PBTS_LISTEN (Node:Listen) {listen}");
        else if (addresses.Any(address => address.Scheme == "https") && ServerCertificate.TryLoad(options, out _) is { } unfit)
            errors.Add(unfit);
        else if (options.TryGetUdpEndpoints(out _) is { } udpListen)
            errors.Add($"PBTS_UDP_LISTEN (Node:UdpListen) {udpListen}");
        if (ListenAddresses.TryParse(options.ManagementListen, ["http"], out _) is { } management)
            errors.Add($"PBTS_MANAGEMENT_LISTEN (Node:ManagementListen) {management}");
        if (options.UdpSockets is < 0 or > 256)
            errors.Add($"PBTS_UDP_SOCKETS (Node:UdpSockets) is {options.UdpSockets}: it must be 0 (one for each core) to 256.");
        if (options.SiloPort is < 1 or > 65535)
            errors.Add($"PBTS_SILO_PORT (Node:SiloPort) is {options.SiloPort}: it must be 1 to 65535.");
        if (options.GatewayPort is < 0 or > 65535)
            errors.Add($"PBTS_GATEWAY_PORT (Node:GatewayPort) is {options.GatewayPort}: it must be 1 to 65535, or 0 for any free one.");
        if (options.LanePort is < 0 or > 65535)
            errors.Add($"PBTS_LANE_PORT (Node:LanePort) is {options.LanePort}: it must be 1 to 65535, or 0 for any free one.");
        if (!IPAddress.TryParse(options.AdvertisedAddress, out _))
            errors.Add($"PBTS_ADVERTISED_ADDRESS (Node:AdvertisedAddress) is \"{options.AdvertisedAddress}\": it must be an IP address.");
        if (options.ClusterSecret.Length is > 0 and < 32)
            errors.Add("PBTS_CLUSTER_SECRET (Node:ClusterSecret) is too short: give at least 32 random characters, the same to every process, or none.");
        if (options.PublicUrl.Length > 0 && !Uri.IsWellFormedUriString(options.PublicUrl, UriKind.Absolute))
            errors.Add($"PBTS_PUBLIC_URL (Node:PublicUrl) is \"{options.PublicUrl}\": it must be an absolute URL.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
