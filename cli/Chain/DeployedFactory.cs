using Pbts.Protocol.Ethereum;

namespace Pbts.Cli.Chain;

/// <summary>A factory that is on the chain.</summary>
internal sealed record DeployedFactory(EthereumAddress Address, string TransactionHash, ulong GasUsed);
