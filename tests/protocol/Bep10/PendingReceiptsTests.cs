using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Bep10;

public sealed class PendingReceiptsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-journal").FullName;
    private readonly Clock _clock = new(DateTimeOffset.FromUnixTimeSeconds(472222 * 3600L + 60));

    private string Journal => Path.Combine(_folder, "receipts");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_receipt_is_kept_once()
    {
        using var pending = Open();
        Assert.True(pending.Add(SampleReceipts.Make()));
        Assert.False(pending.Add(SampleReceipts.Make()));
        Assert.Equal(1, pending.Count);
    }

    [Fact]
    public void Draining_gives_all_and_empties()
    {
        using var pending = Open();
        for (uint i = 0; i < 5; i++)
            pending.Add(SampleReceipts.Make(i));
        Assert.Equal([0u, 1, 2, 3, 4], pending.Drain().Select(r => r.PieceIndex));
        Assert.Equal(0, pending.Count);
    }

    [Fact]
    public void A_report_is_due_at_the_threshold_or_after_the_timeout()
    {
        using var pending = Open(new PendingReceiptsOptions { BatchThreshold = 10, BatchTimeout = TimeSpan.FromMinutes(1) });
        Assert.False(pending.ShouldReport());
        for (uint i = 0; i < 5; i++)
            pending.Add(SampleReceipts.Make(i));
        Assert.False(pending.ShouldReport());
        _clock.Now += TimeSpan.FromMinutes(1);
        Assert.True(pending.ShouldReport());
        pending.Drain();
        for (uint i = 0; i < 10; i++)
            pending.Add(SampleReceipts.Make(i));
        Assert.True(pending.ShouldReport());
    }

    [Theory]
    [InlineData(0, 10, false)]
    [InlineData(5, 10, false)]
    [InlineData(10, 10, true)]
    [InlineData(5, 3, true)]
    [InlineData(3, 3, true)]
    [InlineData(2, 3, false)]
    public void A_report_is_due_from_the_threshold_on(uint waiting, int threshold, bool due)
    {
        using var pending = Open(new PendingReceiptsOptions { BatchThreshold = threshold });
        for (uint i = 0; i < waiting; i++)
            pending.Add(SampleReceipts.Make(i));
        Assert.Equal(due, pending.ShouldReport());
    }

    [Fact]
    public void The_store_is_bounded()
    {
        using var pending = Open(new PendingReceiptsOptions { Capacity = 3 });
        Assert.Equal(3, Enumerable.Range(0, 10).Count(i => pending.Add(SampleReceipts.Make((uint)i))));
        pending.Settle([SampleReceipts.Make(0).Id]);
        Assert.True(pending.Add(SampleReceipts.Make(7)));
    }

    [Fact]
    public void Receipts_out_of_the_window_are_dropped()
    {
        using var pending = Open();
        pending.Add(SampleReceipts.Make(0));
        pending.Add(SampleReceipts.Make(1, 472223));
        _clock.Now = DateTimeOffset.FromUnixTimeSeconds(472223 * 3600L + 86400);
        Assert.Equal([1u], pending.Peek().Select(r => r.PieceIndex));
    }

    [Fact]
    public void What_was_not_settled_is_there_after_a_restart()
    {
        var sha1 = SampleReceipts.Make(9) with
        {
            PieceHash = PieceHash.From(new byte[20]), Time = ReceiptTime.FromTimestamp(472222 * 3600L + 5), PieceSize = 12345,
        };
        using (var pending = Open())
        {
            for (uint i = 0; i < 5; i++)
                pending.Add(SampleReceipts.Make(i));
            pending.Add(sha1);
            pending.Settle([SampleReceipts.Make(1).Id, SampleReceipts.Make(3).Id]);
        }
        using var again = Open();
        Assert.Equal([SampleReceipts.Make(0), SampleReceipts.Make(2), SampleReceipts.Make(4), sha1], again.Peek());
        Assert.True(again.ShouldReport());
    }

    [Fact]
    public void A_torn_record_loses_only_itself_wherever_the_process_ended()
    {
        using (var pending = Open())
            for (uint i = 0; i < 3; i++)
                pending.Add(SampleReceipts.Make(i));
        var bytes = File.ReadAllBytes(Journal);
        for (var length = 0; length <= bytes.Length; length += 7)
        {
            File.WriteAllBytes(Journal, bytes[..length]);
            using (var again = Open())
            {
                Assert.Equal(length / (bytes.Length / 3), again.Count);
                Assert.True(again.Add(SampleReceipts.Make(8)));
            }
            using var third = Open();
            Assert.Equal(length / (bytes.Length / 3) + 1, third.Count);
        }
    }

    [Fact]
    public void A_flipped_byte_ends_the_reading_there()
    {
        using (var pending = Open())
            for (uint i = 0; i < 3; i++)
                pending.Add(SampleReceipts.Make(i));
        var bytes = File.ReadAllBytes(Journal);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(Journal, bytes);
        using var again = Open();
        Assert.Equal([0u], again.Peek().Select(r => r.PieceIndex));
    }

    [Fact]
    public void The_file_does_not_grow_with_what_was_settled()
    {
        using (var pending = Open())
        {
            for (uint i = 0; i < 12_000; i++)
            {
                pending.Add(SampleReceipts.Make(i));
                if (i >= 10)
                    pending.Settle([SampleReceipts.Make(i - 10).Id]);
            }
            Assert.True(new FileInfo(Journal).Length < 4200 * 280, $"{new FileInfo(Journal).Length} bytes");
        }
        using var again = Open();
        Assert.Equal(Enumerable.Range(11_990, 10).Select(i => (uint)i), again.Peek().Select(r => r.PieceIndex));
    }

    [Fact]
    public void A_second_process_cannot_open_the_same_file()
    {
        using var pending = Open();
        Assert.Throws<IOException>(Open);
    }

    private PendingReceipts Open() => Open(null);

    private PendingReceipts Open(PendingReceiptsOptions? options) => new(Journal, options, _clock);

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
