using Pbts.Protocol.Bep10;

namespace Pbts.Protocol.Tests.Bep10;

/// <summary>Journals say who got what from whom: nobody else may read them.</summary>
public sealed class JournalModeTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-journal").FullName;

    private string Journal => Path.Combine(_folder, "receipts");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_journal_is_its_owners_only_from_its_first_moment_and_when_it_is_written_anew()
    {
        using var pending = new PendingReceipts(Journal, new PendingReceiptsOptions { WindowSeconds = long.MaxValue / 2 });
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Journal));
        // Enough that are settled for the file to be replaced by one without them.
        var receipts = Enumerable.Range(0, 2500).Select(i => SampleReceipts.Make((uint)i)).ToArray();
        pending.Add(receipts);
        pending.Settle(receipts.Skip(1).Select(r => r.Id));
        Assert.Equal(280, new FileInfo(Journal).Length);
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Journal));
    }

    [Fact]
    public void A_journal_that_others_may_read_is_narrowed_when_it_is_opened()
    {
        new PendingReceipts(Journal).Dispose();
        File.SetUnixFileMode(Journal, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        new PendingReceipts(Journal).Dispose();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(Journal));
    }
}
