using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>The backup and restore that docs/operations.md describes.</summary>
public sealed class RestoreTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_tracker_goes_on_from_a_restored_dump_and_credits_nothing_twice()
    {
        var database = await postgres.CreateDatabaseAsync();
        Member sender, receiver;
        string instance, restored;
        JsonObject before, after;
        await using (var node = await NodeProcess.StartNodeAsync(database))
        {
            sender = await Member.RegisteredAsync(node.Http, "sender");
            receiver = await Member.RegisteredAsync(node.Http, "receiver");
            instance = await node.Http.InstanceIdAsync();
            before = receiver.Receipt(sender, "before the dump", 1);
            after = receiver.Receipt(sender, "after the dump", 2);
            Assert.Equal(["accepted"], (await sender.ReportAsync(node.Http, before)).Answer.Statuses());
            // Taken from a running tracker, as backups are.
            restored = await postgres.DumpAndRestoreAsync(database);
            Assert.Equal(["accepted"], (await sender.ReportAsync(node.Http, after)).Answer.Statuses());
            Assert.Equal((2000, 0), await sender.TotalsAsync(node.Http));
            await node.KillAsync();
        }

        await using var again = await NodeProcess.StartNodeAsync(restored, ("PBTS_CLUSTER_ID", "pbts-restored"));
        Assert.Equal(instance, await again.Http.InstanceIdAsync());
        Assert.Equal((1000, 0), await sender.TotalsAsync(again.Http));
        Assert.Equal((0, 1000), await receiver.TotalsAsync(again.Http));

        // What the dump knows stays spent; what came after it is credited when it is reported again, once.
        Assert.Equal(["duplicate", "accepted"], (await sender.ReportAsync(again.Http, before, after)).Answer.Statuses());
        Assert.Equal(["duplicate", "duplicate"], (await sender.ReportAsync(again.Http, before, after)).Answer.Statuses());
        Assert.Equal((2000, 0), await sender.TotalsAsync(again.Http));
        Assert.Equal((0, 2000), await receiver.TotalsAsync(again.Http));

        var reply = await new Announcer(again).GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 1, path: "/announce/" + sender.Passkey));
        Assert.Null(reply.Failure);
        Assert.Equal(1, reply.Incomplete);
    }
}
