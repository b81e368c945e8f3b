using System.Diagnostics;
using System.Numerics;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Ethereum;

namespace Pbts.Experiments.Parts;

/// <summary>What the contract's transactions burn, and what a year of them would cost.</summary>
internal sealed class GasExperiment : IExperiment
{
    /// <summary>The reference's assumptions for its projection.</summary>
    private const double Gwei = 30;
    private const double DollarsPerEther = 3000;
    private const int Batch = 100;

    private static readonly byte[] Plain = [.. "PBTS-Tracker-v1.0"u8];

    private static readonly int[] UpdatesPerYear = [3650, 8760, 365, 52];
    private static readonly int[] YearlyUsers = [100, 1000, 10_000];

    public string Name => "gas";

    public string Description => "what transactions of the contract cost";

    public double ExpectedSeconds(Settings settings) => settings.Users / 10.0;

    public async Task RunAsync(ExperimentRun run)
    {
        if (run.Settings.Chain is not { } node)
        {
            run.Skip(Name, "all of it", run.Settings.NoChain);
            return;
        }

        using var chain = await DevelopmentChain.OpenAsync(node);
        run.Add(Entry("factory deployment") with { Value = chain.FactoryGas });
        var first = await CreateAsync(run, chain, "createReputation", EthereumAddress.Zero, Plain);
        await CreateAsync(run, chain, "createReputation with an attestation", EthereumAddress.Zero, Attestation());
        var names = Enumerable.Range(0, run.Settings.Users).Select(i => $"user-{i:D5}").ToArray();
        await EachAsync(run, chain, first, "addUser", names, name => ReputationAbi.AddUser.EncodeCall(name, "salt123", new byte[32].Select(_ => (byte)1).ToArray(), BigInteger.Zero, BigInteger.Zero));
        await EachAsync(run, chain, first, "updateUser, first", names, name => ReputationAbi.UpdateUser.EncodeCall(name, new BigInteger(1_024_000), new BigInteger(2_048_000)));
        await EachAsync(run, chain, first, "updateUser, later", names, name => ReputationAbi.UpdateUser.EncodeCall(name, new BigInteger(2_024_000), new BigInteger(4_048_000)));
        foreach (var size in new[] { 10, 50, Batch }.Where(size => size <= names.Length))
        {
            var receipt = await chain.SendAsync(first, ReputationV2Abi.UpdateUsers.EncodeCall(
                names[..size], Enumerable.Repeat(new BigInteger(3_000_000 + size), size).ToArray(), Enumerable.Repeat(new BigInteger(5_000_000 + size), size).ToArray()));
            run.Add(Entry("updateUsers, each user") with { Size = size, SizeUnit = "users", Value = (double)receipt.GasUsed.Value / size });
        }

        var second = await CreateAsync(run, chain, "createReputation with a referrer", first, Plain);
        var (single, batch) = (names[..(names.Length / 2)], names[(names.Length / 2)..]);
        await EachAsync(run, chain, second, "migrateUserData", single, name => ReputationAbi.MigrateUserData.EncodeCall(name));
        var moved = await chain.SendAsync(second, ReputationV2Abi.MigrateUsers.EncodeCall((object)batch));
        run.Add(Entry("migrateUsers, each user") with { Size = batch.Length, SizeUnit = "users", Value = (double)moved.GasUsed.Value / batch.Length });
        await CheckAsync(chain, second, names);
        Project(run);
    }

    /// <summary>One with the quote of a real machine; the contract logs it and no more.</summary>
    private static byte[] Attestation()
    {
        // No byte is zero, as zeros cost less.
        byte[] Filled(int length) => [.. Enumerable.Repeat((byte)0xa5, length)];
        var claims = new AttestationClaims
        {
            PublicKey = Filled(48), EthereumAddress = Filled(20), InstanceId = Filled(32), Nonce = Filled(32), Time = 1_767_225_600, Payload = Filled(103),
        };
        return new AttestationDocument(claims, LatencyExperiment.SampleQuote()).ToBytes();
    }

    private async Task<EthereumAddress> CreateAsync(ExperimentRun run, DevelopmentChain chain, string name, EthereumAddress referrer, byte[] attestation)
    {
        var receipt = await chain.SendAsync(chain.Factory, ReputationAbi.CreateReputation.EncodeCall(referrer, attestation));
        run.Add(Entry(name) with { Value = (double)receipt.GasUsed.Value, Note = attestation.Length > Plain.Length ? $"{Format.Number(attestation.Length)} bytes in the event, a TDX quote with its certificates" : null });
        return receipt.Logs
            .Select(log => ReputationAbi.ReputationCreated.TryDecode(log, chain.Factory, out var values) ? (EthereumAddress?)values[0] : null).FirstOrDefault(address => address is not null)
            ?? throw new ExperimentException("createReputation named no contract");
    }

    private async Task EachAsync(ExperimentRun run, DevelopmentChain chain, EthereumAddress contract, string name, string[] users, Func<string, byte[]> call)
    {
        var (gas, times) = (new List<double>(), new List<double>());
        foreach (var user in users)
        {
            var started = Stopwatch.GetTimestamp();
            gas.Add((double)(await chain.SendAsync(contract, call(user))).GasUsed.Value);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        run.Add(Entry(name) with { Samples = [.. gas] });
        run.Add(Entry(name + ", until mined") with { Unit = "ms", Samples = [.. times], Note = "on anvil, which mines at once: a real chain takes as long as its blocks" });
    }

    /// <summary>A migration of a user nobody has is mined as well: see whether they moved.</summary>
    private static async Task CheckAsync(DevelopmentChain chain, EthereumAddress contract, string[] names)
    {
        foreach (var name in new[] { names[0], names[^1] })
        {
            if ((await chain.CallAsync(contract, ReputationAbi.GetUserData, name))[0] is not object[] { Length: 5 } user || (string)user[0] != name || (BigInteger)user[4] <= 0)
                throw new ExperimentException($"{name} did not move");
        }
    }

    private void Project(ExperimentRun run)
    {
        var batch = run.Findings.LastOrDefault(f => f.Name == "updateUsers, each user");
        foreach (var (how, gas) in new[] { ("single updates", run.Find(Name, "updateUser, later")?.Typical), ($"updates in batches of {Format.Number(batch?.Size)}", batch?.Typical) })
        {
            foreach (var (updates, users) in UpdatesPerYear.SelectMany(updates => YearlyUsers.Select(users => (updates, users))).Where(_ => gas is not null))
            {
                run.Add(Entry($"a year of {how}, {Format.Number(updates)} for each of {Format.Number(users)} users") with
                {
                    Unit = "USD", Value = Dollars(gas!.Value * updates * users), Note = $"projected: users × updates × gas of one × {Gwei} gwei × {DollarsPerEther} USD/ETH",
                });
            }
        }
    }

    internal static double Dollars(double gas) => gas * Gwei * 1e-9 * DollarsPerEther;

    private Finding Entry(string name) => new() { Part = Name, Name = name, Unit = "gas" };
}
