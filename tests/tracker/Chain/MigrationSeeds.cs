using System.Diagnostics;
using System.Numerics;
using System.Text.Json.Nodes;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.Util;
using Pbts.Cli.Chain;
using Pbts.Protocol.Ethereum;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>
/// A chain of contracts to migrate from. The oldest, of another owner, holds users 0 to 3499, and the next, the tracker's,
/// has taken over 2000 to 3499, has since raised 2000 to 2999, and has users of its own from 3500 on. Behind both stands a
/// contract of the first generation with one user whom no contract of today can take.
/// </summary>
internal sealed class MigrationSeeds(AnvilNode anvil, string factory)
{
    public const int Users = 5000;
    public const string Giant = "giant";

    private const int FirstTaken = 2000;
    private const int FirstUntouched = 3000;
    private const int FirstOwn = 3500;
    private static readonly byte[] Hash = Sha3Keccack.Current.CalculateHashAsBytes("password");
    private static readonly string Ours = Address(AnvilNode.FirstKey);
    private static readonly string Theirs = Address(AnvilNode.SecondKey);
    private EthereumAddress _oldest;

    /// <summary>The contract to migrate from.</summary>
    public EthereumAddress Referrer { get; private set; }

    public static string Name(int i) => $"user{i:D4}";

    public static (int Downloaded, int Uploaded) Totals(int i) => i switch
    {
        < FirstTaken => (i, 2 * i),
        < FirstUntouched => (i + 1, 3 * i),
        < FirstOwn => (i, 2 * i),
        _ => (i, 5 * i),
    };

    public async Task PlantAsync()
    {
        await anvil.CallAsync("evm_setAutomine", false);
        var constructor = ChainRig.Encode("address creator, address referrer", Parse(Theirs), EthereumAddress.Zero);
        var legacy = Parse((string)(await SendAsync(Theirs, null, [[.. ChainRig.Artifact("test/LegacyReputation", ""), .. constructor]]))[0]["contractAddress"]!);
        await SendAsync(Theirs, legacy, [Add(Giant, 1, BigInteger.Pow(2, 100), "")]);
        _oldest = await CreateAsync(Theirs, legacy);
        await SendAsync(Theirs, _oldest, Enumerable.Range(0, FirstOwn).Select(i => Add(Name(i), i, 2 * i, "salt")));
        Referrer = await CreateAsync(Ours, _oldest);
        await SendAsync(Ours, Referrer, Enumerable.Range(FirstTaken, FirstOwn - FirstTaken).Chunk(100).Select(chunk =>
            ReputationV2Abi.MigrateUsers.EncodeCall((object)chunk.Select(Name).ToArray())), gas: 15_000_000);
        await SendAsync(Ours, Referrer, Enumerable.Range(FirstTaken, FirstUntouched - FirstTaken).Chunk(250).Select(chunk => ReputationV2Abi.UpdateUsers.EncodeCall(
            chunk.Select(Name).ToArray(),
            chunk.Select(i => (BigInteger)Totals(i).Downloaded).ToArray(),
            chunk.Select(i => (BigInteger)Totals(i).Uploaded).ToArray())), gas: 15_000_000);
        await SendAsync(Ours, Referrer, Enumerable.Range(FirstOwn, Users - FirstOwn).Select(i => Add(Name(i), i, 5 * i, "salt")));
        await anvil.CallAsync("evm_setAutomine", true);
    }

    /// <summary>
    /// The owner of the oldest contract gives long salts to the users of the batches that wait for their block, between
    /// estimate and mining: there the batches run out of gas. Gives those users.
    /// </summary>
    public async Task<IReadOnlyCollection<string>> RaiseCostOfPendingBatchesAsync(EthereumAddress contract)
    {
        await StopMiningAsync();
        var batches = new Dictionary<string, string[]>();
        for (var waited = Stopwatch.StartNew(); batches.Count == 0; await Task.Delay(50))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), "No batch was handed to the chain.");
            batches = await PendingAsync(contract);
        }
        var names = batches.Values.SelectMany(batch => batch).ToHashSet();
        Assert.All(names, name => Assert.True(int.Parse(name[4..], null) < FirstTaken));
        await SendAsync(Theirs, _oldest, names.Select(name => int.Parse(name[4..], null)).Select(i => Add(Name(i), i, 2 * i, LongSalt)), tip: 50_000_000_000);
        foreach (var hash in batches.Keys) Assert.Equal("0x0", (string?)(await ReceiptAsync(hash))["status"]);
        await anvil.CallAsync("evm_setAutomine", true);
        return names;
    }

    /// <summary>Switches mining off. What was being mined at that moment is in a block: there has been no new one for three seconds.</summary>
    public async Task StopMiningAsync()
    {
        await anvil.CallAsync("evm_setAutomine", false);
        for (var (head, since) = (0UL, Stopwatch.StartNew()); since.Elapsed < TimeSpan.FromSeconds(3); await Task.Delay(100))
        {
            Assert.True((await anvil.Rpc.BlockNumberAsync()).TryGet(out var now, out var error), error?.Text);
            if (now == head)
                continue;
            head = now;
            since.Restart();
        }
    }

    /// <summary>The batches that wait for their block, by hash.</summary>
    private async Task<Dictionary<string, string[]>> PendingAsync(EthereumAddress contract)
    {
        var batches = new Dictionary<string, string[]>();
        foreach (var (_, transaction) in (await anvil.CallAsync("txpool_content"))!["pending"]!.AsObject().SelectMany(sender => sender.Value!.AsObject()))
        {
            if (Parse((string?)transaction!["to"]) == contract && ((string)transaction["input"]!).HexToByteArray() is var data
                && ReputationV2Abi.MigrateUsers.TryDecodeCall(data, out var arguments))
                batches[(string)transaction["hash"]!] = [.. (List<string>)arguments[0]];
        }
        return batches;
    }

    public async Task EverybodyMovedOnceAsync(EthereumAddress contract, IReadOnlyCollection<string> touched)
    {
        Assert.True((await anvil.Rpc.BlockNumberAsync()).TryGet(out var head, out var error), error?.Text);
        Assert.True((await anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, 0, head)).TryGet(out var logs, out error), error?.Text);
        Assert.Equal(Users, logs.Length);
        Assert.Equal(Users, logs.Select(log => log.Topics[1]).Distinct().Count());
        await Parallel.ForAsync(0, Users, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var user = (await anvil.UserAsync(contract, Name(i)))!;
            Assert.Equal(Totals(i), ((int)user.Downloaded, (int)user.Uploaded));
            Assert.Equal((touched.Contains(Name(i)) ? LongSalt : "salt", Convert.ToHexString(Hash)), (user.Salt, Convert.ToHexString(user.PasswordHash)));
        });
        Assert.Null(await anvil.UserAsync(contract, Giant));
    }

    /// <summary>Every way to write to the retired contract reverts, for its owner too, and in a block as well.</summary>
    public async Task NothingCanBeWrittenAsync(EthereumAddress successor)
    {
        byte[][] writes =
        [
            Add("new", 1, 1, ""), Add(Name(1), 1, 1, ""), ReputationAbi.UpdateUser.EncodeCall(Name(4000), BigInteger.One, BigInteger.One),
            ReputationV2Abi.UpdateUsers.EncodeCall(new[] { Name(4000) }, new[] { BigInteger.One }, new[] { BigInteger.One }),
            ReputationV2Abi.AddUserWithKey.EncodeCall("new", "", Hash, BigInteger.One, BigInteger.One, new Support.Member("k").Key.ToArray()),
            ReputationV2Abi.SetUserKey.EncodeCall(Name(4000), Array.Empty<byte>()),
            ReputationAbi.MigrateUserData.EncodeCall(Name(1)), ReputationV2Abi.MigrateUsers.EncodeCall((object)new[] { Name(1) }),
            ReputationV2Abi.Retire.EncodeCall(successor), ReputationAbi.SetOffchainDataUrl.EncodeCall("http://x"),
        ];
        foreach (var write in writes)
        {
            var call = await anvil.Rpc.CallAsync(Parse(Ours), Referrer, write);
            Assert.Equal("Contract is retired", call.Problem?.RevertReason);
        }
        await anvil.CallAsync("evm_setAutomine", false);
        foreach (var receipt in await SendAsync(Ours, Referrer, writes, succeed: false)) Assert.Equal("0x0", (string?)receipt["status"]);
        await anvil.CallAsync("evm_setAutomine", true);
        Assert.Equal(Totals(4000).Uploaded, (int)(await anvil.UserAsync(Referrer, Name(4000)))!.Uploaded);
    }

    private static string LongSalt { get; } = new('s', 256);

    private static byte[] Add(string name, int downloaded, BigInteger uploaded, string salt) =>
        ReputationAbi.AddUser.EncodeCall(name, salt, Hash, (BigInteger)downloaded, uploaded);

    private static string Address(string key) => EthereumPrivateKey.TryParse(key, out var parsed) ? parsed.Address.ToString() : throw new InvalidOperationException();

    private static EthereumAddress Parse(string? text) => EthereumAddress.TryParse(text, out var address) ? address : default;

    private async Task<EthereumAddress> CreateAsync(string owner, EthereumAddress referrer)
    {
        var receipt = (await SendAsync(owner, Parse(factory), [ReputationAbi.CreateReputation.EncodeCall(referrer, Array.Empty<byte>())], gas: 5_000_000))[0];
        // The event's first field, without an offset.
        return new EthereumAddress(((string)receipt["logs"]![0]!["data"]!).HexToByteArray().AsSpan(12, EthereumAddress.Size));
    }

    /// <summary>Sends from an account of anvil's own and mines until all are in blocks; gives the receipts.</summary>
    private async Task<List<JsonNode>> SendAsync(string from, EthereumAddress? to, IEnumerable<byte[]> calls, int gas = 2_000_000, long tip = 1_000_000_000, bool succeed = true)
    {
        var hashes = new List<string>();
        foreach (var data in calls)
        {
            var transaction = new JsonObject
            {
                ["from"] = from, ["data"] = data.ToHex(prefix: true), ["gas"] = $"0x{gas:x}",
                ["maxFeePerGas"] = $"0x{tip + 10_000_000_000:x}", ["maxPriorityFeePerGas"] = $"0x{tip:x}",
            };
            if (to is { } contract) transaction["to"] = contract.ToString();
            hashes.Add((string)(await anvil.CallAsync("eth_sendTransaction", transaction))!);
        }
        var receipts = new List<JsonNode>();
        foreach (var hash in hashes)
        {
            var receipt = await ReceiptAsync(hash);
            if (succeed) Assert.Equal("0x1", (string?)receipt["status"]);
            receipts.Add(receipt);
        }
        return receipts;
    }

    /// <summary>Mines until the transaction is in a block.</summary>
    private async Task<JsonNode> ReceiptAsync(string hash)
    {
        for (; ; await anvil.MineAsync())
        {
            if (await anvil.CallAsync("eth_getTransactionReceipt", hash) is { } receipt) return receipt;
        }
    }
}
