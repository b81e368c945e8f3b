using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>A large migration along a chain of contracts while everything that can fail does.</summary>
[Trait("suite", "slow")]
public sealed class MigrationFailureTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Five_thousand_users_move_once_while_silos_and_the_chain_die_and_a_batch_reverts()
    {
        var state = Path.GetTempFileName();
        File.Delete(state);
        await using var anvil = await AnvilNode.StartAsync("--state", state, "--preserve-historical-states");
        try
        {
            await RunAsync(anvil);
        }
        finally
        {
            await anvil.StopAsync();
            File.Delete(state);
        }
    }

    private async Task RunAsync(AnvilNode anvil)
    {
        (string Name, string Value)[] environment = [.. await ContractApiTests.EnvironmentAsync(anvil), ("Chain__Confirmations", "3")];
        var seeds = new MigrationSeeds(anvil, environment.Single(e => e.Name == "FACTORY").Value);
        await seeds.PlantAsync();
        environment = [.. environment, ("REPUTATION_ADDRESS", seeds.Referrer.ToString())];
        var database = await postgres.CreateDatabaseAsync();
        await using var silos = new SiloPair(database, environment);
        await silos.StartAsync();
        await using var api = await NodeProcess.StartApiAsync(database);
        Assert.Equal(seeds.Referrer.ToString(), (string?)(await api.Http.GetJsonAsync("/contract/status")).Answer["reputation_address"]);
        // Known to the tracker alone: the contract that has it is of the kind without events.
        Assert.Equal(HttpStatusCode.OK, (await api.Http.PostAsync("/register", new JsonObject { ["user_id"] = MigrationSeeds.Giant, ["public_key"] = new Member("giant").PublicKey })).Status);

        var request = new JsonObject { ["referrer_address"] = seeds.Referrer.ToString(), ["users"] = "all", ["batch_size"] = 50, ["retire_referrer"] = true };
        var (status, started) = await api.Http.PostAsync("/migrations", request);
        Assert.True(status == HttpStatusCode.Accepted, started.ToJsonString());
        var id = (string)started["id"]!;
        await using var watch = new MigrationWatch(anvil, api, id, MigrationSeeds.Users + 1);

        await watch.UntilAsync(view => (string)view["phase"]! == "discover" && (int)view["total"]! >= 500);
        await silos.KillRunningAsync();
        await watch.UntilAsync(view => (int)view["migrated"]! >= 300);
        var touched = await seeds.RaiseCostOfPendingBatchesAsync(watch.Contract);
        await watch.UntilAsync(view => (int)view["migrated"]! >= 1500);
        await silos.KillRunningAsync();
        await watch.UntilAsync(view => (int)view["migrated"]! >= 2500);
        await watch.WithoutChainAsync(async () =>
        {
            // A block mined while the state is being written would not be in it, though what it changed would.
            await seeds.StopMiningAsync();
            await anvil.StopAsync();
            await Task.Delay(5000);
            await anvil.RestartAsync();
        });
        await watch.UntilAsync(view => (int)view["migrated"]! >= 4000);
        await silos.KillRunningAsync();
        await watch.UntilAsync(view => (string)view["state"]! is not ("pending" or "running"));
        var last = await watch.FinishAsync();

        Assert.Equal(("completed", MigrationSeeds.Users + 1, MigrationSeeds.Users, 1), ((string)last["state"]!, (int)last["total"]!, (int)last["migrated"]!, (int)last["failed_count"]!));
        var failure = Assert.Single(last["failed"]!.AsArray())!;
        Assert.Equal((MigrationSeeds.Giant, "Size is too large"), ((string)failure["username"]!, (string)failure["reason"]!));
        Assert.Null(last["problem"]);
        Assert.True(await CountAsync(database, "SELECT count(*) FROM chain_outbox WHERE kind = 'migration-batch' AND NOT succeeded") > 0, "No batch has reverted.");
        await GasIsTrueAsync(anvil, database, (long)last["gas_used"]!);
        await seeds.EverybodyMovedOnceAsync(watch.Contract, touched);
        await seeds.NothingCanBeWrittenAsync(watch.Contract);
        Assert.Equal(watch.Contract.ToString(), (string?)(await api.Http.GetJsonAsync("/contract/status")).Answer["reputation_address"]);

        // Once more: nobody moves.
        (status, started) = await api.Http.PostAsync("/migrations", request);
        Assert.True(status == HttpStatusCode.Accepted, started.ToJsonString());
        await using var again = new MigrationWatch(anvil, api, (string)started["id"]!, MigrationSeeds.Users + 1, moved: MigrationSeeds.Users);
        await again.UntilAsync(view => (string)view["state"]! is not ("pending" or "running"));
        last = await again.FinishAsync();
        Assert.Equal(("completed", MigrationSeeds.Users, 1), ((string)last["state"]!, (int)last["migrated"]!, (int)last["failed_count"]!));
        Assert.Null(last["problem"]);
        Assert.Equal(watch.Contract, again.Contract);
        await seeds.EverybodyMovedOnceAsync(watch.Contract, touched);
    }

    /// <summary>The figure of the interface is the sum of the receipts of everything the migration had mined.</summary>
    private static async Task GasIsTrueAsync(AnvilNode anvil, string database, long told)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("SELECT hash FROM chain_outbox WHERE group_id IS NOT NULL AND state IN ('mined', 'confirmed')");
        await using var reader = await command.ExecuteReaderAsync();
        var sum = 0L;
        while (await reader.ReadAsync())
        {
            var receipt = (await anvil.CallAsync("eth_getTransactionReceipt", reader.GetString(0)))!;
            sum += Convert.ToInt64((string)receipt["gasUsed"]!, 16);
        }
        Assert.Equal(sum, told);
    }

    private static async Task<long> CountAsync(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Two silos; whichever of them runs the migration can be killed and is replaced.</summary>
    private sealed class SiloPair(string database, (string, string)[] environment) : IAsyncDisposable
    {
        private readonly List<NodeProcess> _silos = [];

        public async Task StartAsync()
        {
            for (var i = 0; i < 2; i++) _silos.Add(await NodeProcess.StartSiloAsync(database, environment));
        }

        public async Task KillRunningAsync()
        {
            var running = _silos.MaxBy(silo => silo.Log.Split('\n').LastOrDefault(line => line.Contains(" is running, at ", StringComparison.Ordinal)) ?? "", StringComparer.Ordinal)!;
            Assert.Contains(" is running, at ", running.Log, StringComparison.Ordinal);
            await running.KillAsync();
            _silos.Remove(running);
            await running.DisposeAsync();
            _silos.Add(await NodeProcess.StartSiloAsync(database, environment));
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var silo in _silos) await silo.DisposeAsync();
        }
    }
}
