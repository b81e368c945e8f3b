using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol.Ethereum;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>What processes of two versions say to each other during a rolling upgrade.</summary>
public sealed class ChainWireTests
{
    [Fact]
    public void A_migration_travels_as_it_did_when_its_states_were_texts()
    {
        using var services = new ServiceCollection()
            .AddSerializer(builder => builder.AddAssembly(typeof(MigrationView).Assembly).AddAssembly(typeof(TextView).Assembly)).BuildServiceProvider();
        var (now, before) = (services.GetRequiredService<Serializer<MigrationView>>(), services.GetRequiredService<Serializer<TextView>>());
        var id = Guid.NewGuid();

        var read = now.Deserialize(before.SerializeToArray(new TextView { Id = id, State = "paused", Phase = "migrate", ReferrerAddress = "0x1" }))!;
        Assert.Equal((id, MigrationState.Paused, MigrationPhase.Migrate, "0x1"), (read.Id, read.State, read.Phase, read.ReferrerAddress));

        var written = before.Deserialize(now.SerializeToArray(read with { State = MigrationState.Completed, Phase = MigrationPhase.Done }))!;
        Assert.Equal((id, "completed", "done", "0x1"), (written.Id, written.State, written.Phase, written.ReferrerAddress));
    }

    /// <summary><see cref="MigrationView"/> as it was then, as far as matters.</summary>
    [GenerateSerializer, Alias("pbts.tests.TextView")]
    public sealed record TextView
    {
        [Id(0)] public required Guid Id { get; init; }

        [Id(1)] public required string State { get; init; }

        [Id(2)] public required string Phase { get; init; }

        [Id(8)] public required string ReferrerAddress { get; init; }
    }
}
