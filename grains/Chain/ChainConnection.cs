using Microsoft.Extensions.Options;
using Pbts.Grains.Chain.Contracts;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain;

/// <summary>The node and the key of this process, read from the configuration once.</summary>
internal sealed class ChainConnection : IDisposable
{
    public ChainConnection(IOptions<ChainOptions> options)
    {
        Options = options.Value;
        if (Options.Rpc.Length > 0)
        {
            Rpc = new EthereumRpcClient(new Uri(Options.Rpc), new EthereumRpcOptions { Timeout = TimeSpan.FromSeconds(Options.RpcTimeoutSeconds) });
            Reader = new ReputationReader(Rpc);
        }
        if (EthereumPrivateKey.TryParse(Options.PrivateKey, out var key))
            Key = key;
        if (EthereumAddress.TryParse(Options.Factory, out var factory))
            Factory = factory;
    }

    public ChainOptions Options { get; }

    /// <summary>Null when no node is configured.</summary>
    public EthereumRpcClient? Rpc { get; }

    /// <summary>Null when no node is configured.</summary>
    public ReputationReader? Reader { get; }

    /// <summary>PK0, or what <c>ChainKeyFromTee</c> found in its place; null when this process may only read.</summary>
    public EthereumPrivateKey? Key { get; set; }

    /// <summary>Null when none is configured.</summary>
    public EthereumAddress? Factory { get; }

    /// <summary>The node's URL as it may be shown: without user, path and query, where access keys are kept.</summary>
    public string? DisplayUrl
    {
        get
        {
            if (Rpc is null)
                return null;
            var url = new Uri(Options.Rpc);
            return url.GetLeftPart(UriPartial.Authority).Replace(url.UserInfo.Length > 0 ? url.UserInfo + "@" : "\n", "", StringComparison.Ordinal)
                + (url.PathAndQuery is "/" ? "" : "/…");
        }
    }

    public void Dispose() => Rpc?.Dispose();
}
