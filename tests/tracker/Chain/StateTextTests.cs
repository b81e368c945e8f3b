using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Settings;
using Pbts.Grains.Chain.Migrations;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>The texts in the database, in settings and in answers: a member of these must not be called otherwise.</summary>
public sealed class StateTextTests
{
    [Fact]
    public void States_have_the_texts_of_the_schema_and_of_the_settings()
    {
        Assert.Equal(["queued", "sent", "mined", "confirmed", "failed"], Texts<ChainTransactionState>());
        Assert.Equal(["candidate", "pending", "sent", "migrated", "failed", "absent"], Texts<MigrationUserState>());
        Assert.Equal(
            ["init", "register", "update", "migrate", "sync", "anchor", "claim", "migration-deploy", "migration-batch", "migration-retire", "filler"], Texts<TransactionKind>());
        Assert.Equal(["records", "anchor"], Texts<MigrationMethod>());
        Assert.Equal(["lazy", "all"], Texts<MigrationClaims>());
        Assert.Equal(["open", "credited", "refused"], Texts<ClaimState>());
        Assert.Equal(["disabled", "enabled", "benchmark"], Texts<TeeMode>());
        Assert.Equal(["proven", "proven-upload-claimed-download", "claimed", "credited"], Texts<RatioBasis>());
    }

    private static IEnumerable<string> Texts<T>() where T : struct, Enum => Enum.GetValues<T>().Select(value => value.ToText());
}
