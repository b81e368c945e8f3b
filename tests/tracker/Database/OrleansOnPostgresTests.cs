using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Storage;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Database;

/// <summary>Real silos whose clustering, storage and reminders run on our schema.</summary>
public sealed class OrleansOnPostgresTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task Grain_state_survives_a_silo_restart_and_a_clear()
    {
        var database = await postgres.CreateDatabaseAsync();
        using (var silo = await StartSiloAsync(database))
        {
            var notes = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>("a note");
            await notes.Write("first");
            await notes.Write("second");
            await silo.StopAsync();
        }
        using (var silo = await StartSiloAsync(database))
        {
            var grains = silo.Services.GetRequiredService<IGrainFactory>();
            Assert.Equal("second", await grains.GetGrain<INoteGrain>("a note").Read());
            Assert.Null(await grains.GetGrain<INoteGrain>("another").Read());
            await grains.GetGrain<INoteGrain>("a note").Clear();
            await grains.GetGrain<INoteGrain>("a note").Write("after clear");
            await silo.StopAsync();
        }
        using (var silo = await StartSiloAsync(database))
        {
            Assert.Equal("after clear", await silo.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>("a note").Read());
            await silo.StopAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Concurrent_first_writes_have_one_winner_and_stale_writes_lose(bool deleteOnClear)
    {
        var database = await postgres.CreateDatabaseAsync();
        using var silo = await StartSiloAsync(database, deleteOnClear);
        var storage = silo.Services.GetRequiredKeyedService<IGrainStorage>("Default");

        for (var round = 0; round < 20; round++)
        {
            // A string key has no extension, a compound key has one: both identities must be unique.
            var id = round % 2 == 0
                ? GrainId.Create("note", $"contested-{round}")
                : GrainId.Create(GrainType.Create("note"), GrainIdKeyExtensions.CreateIntegerKey(round, "extension"));
            var states = Enumerable.Range(0, 8).Select(i => new GrainState<Note>(new Note { Text = $"writer {i}" })).ToArray();
            var outcomes = await Task.WhenAll(states.Select(s => TryAsync(() => storage.WriteStateAsync("note", id, s))));

            var winner = states[Array.IndexOf(outcomes, true)];
            Assert.Equal(1, outcomes.Count(won => won));
            var read = new GrainState<Note>(new Note());
            await storage.ReadStateAsync("note", id, read);
            Assert.Equal((winner.State!.Text, winner.ETag), (read.State!.Text, read.ETag));

            var stale = new GrainState<Note>(new Note { Text = "stale" }, read.ETag) { RecordExists = true };
            await storage.WriteStateAsync("note", id, read);
            Assert.False(await TryAsync(() => storage.WriteStateAsync("note", id, stale)));
            Assert.False(await TryAsync(() => storage.ClearStateAsync("note", id, stale)));

            await storage.ClearStateAsync("note", id, read);
            read.State = new Note { Text = "again" };
            await storage.WriteStateAsync("note", id, read);
        }
        await silo.StopAsync();
    }

    [Fact]
    public async Task Two_silos_join_one_cluster_and_a_stopped_one_leaves_it()
    {
        var database = await postgres.CreateDatabaseAsync();
        using var first = await StartSiloAsync(database);
        using var second = await StartSiloAsync(database);
        var management = first.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);

        await WaitUntilAsync(async () => (await management.GetHosts(onlyActive: true)).Count == 2);
        await second.StopAsync();
        await WaitUntilAsync(async () => (await management.GetHosts(onlyActive: true)).Count == 1);
        await first.StopAsync();
    }

    [Fact]
    public async Task Reminders_register_fire_read_and_delete()
    {
        var database = await postgres.CreateDatabaseAsync();
        using var silo = await StartSiloAsync(database);
        var grain = silo.Services.GetRequiredService<IGrainFactory>().GetGrain<INoteGrain>("reminded");
        var table = silo.Services.GetRequiredService<IReminderTable>();

        await grain.Remind(TimeSpan.Zero);
        await WaitUntilAsync(async () => await grain.Read() == "reminded");
        var row = Assert.Single((await table.ReadRows(0, 0)).Reminders);
        Assert.Equal(TimeSpan.FromMinutes(1), row.Period);
        Assert.NotNull(await table.ReadRow(row.GrainId, row.ReminderName));
        Assert.False(await table.RemoveRow(row.GrainId, row.ReminderName, "12345"));

        await grain.Forget();
        Assert.Empty((await table.ReadRows(0, 0)).Reminders);
        await silo.StopAsync();
    }

    private static async Task<bool> TryAsync(Func<Task> write)
    {
        try
        {
            await write();
            return true;
        }
        catch (InconsistentStateException)
        {
            return false;
        }
    }

    private static async Task WaitUntilAsync(Func<Task<bool>> condition)
    {
        // A reminder whose time has passed before the silo looks fires a period later.
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(150), "The condition did not come true in 150 s.");
            await Task.Delay(100);
        }
    }

    private static async Task<IHost> StartSiloAsync(string database, bool deleteOnClear = false)
    {
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Error))
            .UseOrleans(silo => silo
                .Configure<ClusterOptions>(o => (o.ClusterId, o.ServiceId) = ("test", "test"))
                .ConfigureEndpoints(IPAddress.Loopback, Ports.Free(), Ports.Free(), listenOnAnyHostAddress: false)
                .UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database))
                .UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = ("Npgsql", database))
                .AddAdoNetGrainStorageAsDefault(o => (o.Invariant, o.ConnectionString, o.DeleteStateOnClear) = ("Npgsql", database, deleteOnClear)))
            .Build();
        await host.StartAsync();
        return host;
    }
}
