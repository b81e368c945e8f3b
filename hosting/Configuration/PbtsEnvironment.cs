using Microsoft.Extensions.Configuration;

namespace Pbts.Hosting.Configuration;

/// <summary>
/// The one place that reads the environment. Short, documented variable names (<c>MIN_RATIO</c>, <c>PBTS_DATABASE</c> …)
/// become configuration keys; every other key can still be given the usual .NET way (<c>Tracker__MaxPeers=50</c>).
/// </summary>
public static class PbtsEnvironment
{
    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["PBTS_DATABASE"] = "Node:Database",
        ["PBTS_LISTEN"] = "Node:Listen",
        ["PBTS_CERTIFICATE"] = "Node:Certificate",
        ["PBTS_CERTIFICATE_KEY"] = "Node:CertificateKey",
        ["PBTS_MANAGEMENT_LISTEN"] = "Node:ManagementListen",
        ["PBTS_UDP_LISTEN"] = "Node:UdpListen",
        ["PBTS_UDP_SOCKETS"] = "Node:UdpSockets",
        ["PBTS_NAME"] = "Node:Name",
        ["PBTS_ROLE"] = "Node:Role",
        ["PBTS_SILO_PORT"] = "Node:SiloPort",
        ["PBTS_GATEWAY_PORT"] = "Node:GatewayPort",
        ["PBTS_LANE_PORT"] = "Node:LanePort",
        ["PBTS_ADVERTISED_ADDRESS"] = "Node:AdvertisedAddress",
        ["PBTS_CLUSTER_ID"] = "Node:ClusterId",
        ["PBTS_CLUSTER_SECRET"] = "Node:ClusterSecret",
        ["PBTS_PUBLIC_URL"] = "Node:PublicUrl",
        ["PBTS_ADMIN_TOKEN"] = "Administration:Token",
        ["PBTS_ORLEANS_DASHBOARD"] = "Administration:OrleansDashboard",
        ["PBTS_KEY_ENDPOINTS"] = "Administration:KeyEndpoints",
        ["MIN_RATIO"] = "Tracker:MinRatio",
        ["MAX_PEERS"] = "Tracker:MaxPeers",
        ["INIT_CREDIT"] = "Tracker:InitCredit",
        ["VERIFY_SIGNATURES"] = "Receipts:VerifySignatures",
        ["RPC"] = "Chain:Rpc",
        ["PK0"] = "Chain:PrivateKey",
        ["FACTORY"] = "Chain:Factory",
        ["REPUTATION_ADDRESS"] = "Chain:ReputationAddress",
        ["TEE_MODE"] = "Tee:Mode",
        ["DSTACK_SIMULATOR_ENDPOINT"] = "Tee:Endpoint",
    };

    /// <summary>Adds the variables above to <paramref name="configuration"/>, over whatever files have set.</summary>
    public static IConfigurationBuilder AddPbtsEnvironment(this IConfigurationBuilder configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var values = new Dictionary<string, string?>();
        foreach (var (name, key) in Names)
        {
            // Empty is as good as absent, except where it switches something off.
            if (Environment.GetEnvironmentVariable(name) is { } value && (value.Length > 0 || name is "PBTS_UDP_LISTEN" or "PBTS_MANAGEMENT_LISTEN"))
                values[key] = value;
        }

        return configuration.AddInMemoryCollection(values);
    }
}
