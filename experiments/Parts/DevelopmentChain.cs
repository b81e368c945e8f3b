using System.Diagnostics;
using System.Text.Json;
using Nethereum.RPC.Eth.DTOs;
using Pbts.Local;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Experiments.Parts;

/// <summary>Sends transactions to a local chain that mines at once, with the key of anvil's second account, which every anvil prints.</summary>
internal sealed class DevelopmentChain : IDisposable
{
    private const string Secret = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d";

    private readonly EthereumRpcClient _rpc;
    private readonly EthereumPrivateKey _key;
    private ulong _nonce;
    private ulong _chainId;
    private GasFees _fees = null!;

    private DevelopmentChain(Uri node)
    {
        _rpc = new EthereumRpcClient(node);
        _ = EthereumPrivateKey.TryParse(Secret, out var key);
        _key = key!;
    }

    /// <summary>The factory, deployed anew.</summary>
    public EthereumAddress Factory { get; private set; }

    public ulong FactoryGas { get; private set; }

    public static async Task<DevelopmentChain> OpenAsync(Uri node)
    {
        var chain = new DevelopmentChain(node);
        (chain.Factory, chain.FactoryGas) = await DeployFactoryAsync(node);
        chain._nonce = Got(await chain._rpc.TransactionCountAsync(chain._key.Address, pending: true));
        chain._chainId = Got(await chain._rpc.ChainIdAsync());
        chain._fees = Got(await GasFees.ReadAsync(chain._rpc));
        return chain;
    }

    /// <summary>Sends and waits until it is mined.</summary>
    /// <exception cref="ExperimentException">It was refused or reverted.</exception>
    public async Task<TransactionReceipt> SendAsync(EthereumAddress to, byte[] call)
    {
        var (hash, raw) = _key.Sign((_fees with { MaxFee = _fees.MaxFee * 2 }).Transaction(_chainId, _nonce, 25_000_000, to, call));
        Got(await _rpc.SendRawTransactionAsync(raw));
        _nonce++;
        for (var tries = 0; tries < 6000; tries++)
        {
            if (Got(await _rpc.TransactionReceiptAsync(hash)) is { } receipt)
                return receipt.Succeeded() ? receipt : throw new ExperimentException("a transaction was mined but reverted");
            await Task.Delay(5);
        }

        throw new ExperimentException("a transaction was not mined within 30 s");
    }

    public async Task<object[]> CallAsync(EthereumAddress contract, AbiFunction function, params object[] arguments) =>
        function.TryDecodeResult(Got(await _rpc.CallAsync(null, contract, function.EncodeCall(arguments))), out var values)
            ? values : throw new ExperimentException($"{function.Signature} gave something else");

    public void Dispose() => _rpc.Dispose();

    /// <summary>The command knows the factory's code.</summary>
    private static async Task<(EthereumAddress Address, ulong Gas)> DeployFactoryAsync(Uri node)
    {
        var start = new ProcessStartInfo("dotnet", [Clone.Program("cli"), "deploy-factory", "--json"]) { RedirectStandardOutput = true };
        (start.Environment["RPC"], start.Environment["PK0"]) = (node.ToString(), Secret);
        using var command = Process.Start(start)!;
        var said = await command.StandardOutput.ReadToEndAsync();
        await command.WaitForExitAsync();
        if (command.ExitCode != 0)
            throw new ExperimentException($"the factory could not be deployed: {said}");
        using var answer = JsonDocument.Parse(said);
        return EthereumAddress.TryParse(answer.RootElement.GetProperty("factory").GetString(), out var address)
            ? (address, answer.RootElement.GetProperty("gas_used").GetUInt64()) : throw new ExperimentException("the factory has no address");
    }

    private static T Got<T>(Outcome<T> result) => result.TryGet(out var value, out var error) ? value : throw new ExperimentException($"the chain: {error.RevertReason ?? error.Text}");
}
