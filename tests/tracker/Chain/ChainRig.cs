using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Nethereum.Util;
using Npgsql;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>A database and a way to make accounts that write to a node, as a tracker process would.</summary>
internal sealed class ChainRig : IAsyncDisposable
{
    private readonly List<ChainConnection> _connections = [];

    private ChainRig(NpgsqlDataSource database) => Database = database;

    public NpgsqlDataSource Database { get; }

    public ChainOutbox Outbox => new(Database);

    public ContractRecords Contracts => new(Database);

    public static async Task<ChainRig> CreateAsync(PostgresServer postgres) => new(NpgsqlDataSource.Create(await postgres.CreateDatabaseAsync()));

    public static ChainOptions Options(Uri rpc, Action<ChainOptions>? configure = null)
    {
        var options = new ChainOptions { Rpc = rpc.ToString(), PrivateKey = AnvilNode.FirstKey, Confirmations = 3, StuckSeconds = 3600, RpcTimeoutSeconds = 3, ResendSeconds = 1 };
        configure?.Invoke(options);
        Assert.True(new ChainOptionsValidator().Validate(null, options).Succeeded);
        return options;
    }

    public ChainConnection Connect(Uri rpc, Action<ChainOptions>? configure = null)
    {
        var connection = new ChainConnection(Microsoft.Extensions.Options.Options.Create(Options(rpc, configure)));
        _connections.Add(connection);
        return connection;
    }

    public ChainAccount Account(Uri rpc, Action<ChainOptions>? configure = null)
    {
        var connection = Connect(rpc, configure);
        return new ChainAccount(connection.Rpc!, connection.Reader!, connection.Key!, connection.Options, Outbox, NullLogger.Instance);
    }

    /// <summary>Submits a call and says its id.</summary>
    public static async Task<Guid> SubmitAsync(ChainAccount account, string kind, EthereumAddress? to, byte[] data)
    {
        var id = Guid.NewGuid();
        Assert.Null(await account.SubmitAsync(new ChainSubmission(id, kind, "", to?.ToString(), data)));
        return id;
    }

    /// <summary>Pumps until the transaction is decided and gives it.</summary>
    public async Task<ChainTransaction> DecideAsync(ChainAccount account, Guid id, double seconds = 30)
    {
        Problem? obstacle = null;
        for (var waited = Stopwatch.StartNew(); waited.Elapsed.TotalSeconds < seconds; await Task.Delay(20))
        {
            obstacle = await account.PumpAsync();
            if (await Outbox.FindAsync(id) is { IsDecided: true } transaction) return transaction;
        }
        throw new InvalidOperationException($"Not decided in {seconds} s: {await Outbox.FindAsync(id)}; {obstacle}");
    }

    /// <summary>Deploys the factory and a first contract owned by the account.</summary>
    public async Task<(EthereumAddress Factory, EthereumAddress Reputation)> DeployAsync(ChainAccount account)
    {
        var factory = await DecideAsync(account, await SubmitAsync(account, "deploy", null, FactoryCode()));
        Assert.True(factory.IsDone, factory.Error);
        Assert.True(EthereumAddress.TryParse(factory.ContractAddress, out var factoryAddress));
        return (factoryAddress, await CreateReputationAsync(account, factoryAddress, EthereumAddress.Zero));
    }

    public async Task<EthereumAddress> CreateReputationAsync(ChainAccount account, EthereumAddress factory, EthereumAddress referrer)
    {
        var created = await DecideAsync(account, await SubmitAsync(account, "init", factory, ReputationAbi.CreateReputation.EncodeCall(referrer, Array.Empty<byte>())));
        Assert.True(created.IsDone, created.Error);
        Assert.True(EthereumAddress.TryParse(created.ContractAddress, out var address));
        return address;
    }

    public static byte[] AddUser(string name, ulong uploaded = 0, ulong downloaded = 0) =>
        ReputationAbi.AddUser.EncodeCall(name, "salt", Sha3Keccack.Current.CalculateHashAsBytes("password"), (System.Numerics.BigInteger)downloaded, (System.Numerics.BigInteger)uploaded);

    /// <summary>Constructor arguments, which are encoded like those of a function.</summary>
    public static byte[] Encode(string parameters, params object[] values) => new AbiFunction($"function f({parameters})").EncodeCall(values)[4..];

    /// <summary>Init code of the factory, from the compiler's artefact.</summary>
    public static byte[] FactoryCode() => Artifact("ReputationFactory", "factory.sol");

    public static byte[] Artifact(string contract, string source)
    {
        var file = new[] { Path.Combine("artifacts", contract + ".json"), Path.Combine("out", source, contract + ".json") }
            .Select(path => Path.Combine(AnvilNode.SolidityFolder, path)).First(File.Exists);
        var bytecode = JsonNode.Parse(File.ReadAllText(file))!["bytecode"]!;
        var text = bytecode is JsonValue ? (string)bytecode! : (string)bytecode["object"]!;
        return Convert.FromHexString(text[2..]);
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections) connection.Dispose();
        await Database.DisposeAsync();
    }
}
