using Pbts.Peer;
using Pbts.Peer.Gate;
using Pbts.Protocol.Receipts;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>A block counts once, for whoever sent what the client kept.</summary>
public sealed class BlockLedgerTests : IDisposable
{
    private static readonly MemberKey s_alice = Key(), s_bob = Key();

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-ledger").FullName;
    private readonly List<string> _failures = [];
    private BlockLedger _ledger;

    public BlockLedgerTests() => _ledger = Open();

    public void Dispose()
    {
        _ledger.Dispose();
        Directory.Delete(_folder, recursive: true);
        Assert.Empty(_failures);
    }

    [Fact]
    public void What_came_is_known_after_a_restart_and_what_was_counted_is_not_counted_again()
    {
        _ledger.OnBlock(1, 0, 16384, s_alice, _ledger.Now);
        _ledger.OnBlock(1, 16384, 100, null, _ledger.Now);
        _ledger.OnBlock(2, 0, 16384, s_alice, _ledger.Now);
        Assert.Single(_ledger.OnHave(2));
        _ledger.Dispose();
        // As a killed process leaves it, in the middle of a record.
        File.AppendAllText(Path.Combine(_folder, "blocks"), "torn");
        _ledger = Open();
        _ledger.OnBlock(1, 16384, 100, s_bob, _ledger.Now);
        Assert.Equal([(s_alice, 16384L), (s_bob, 100L)], _ledger.OnHaveAll());
        _ledger.Dispose();
        _ledger = Open();
        Assert.Empty(_ledger.OnHaveAll());
    }

    [Fact]
    public void The_file_has_no_more_than_what_is_still_to_be_counted()
    {
        for (var piece = 0; piece < 40_000; piece++)
        {
            _ledger.OnBlock(piece, 0, 16384, s_alice, _ledger.Now);
            if (piece % 1000 != 0)
                _ledger.OnHave(piece);
        }

        Assert.InRange(new FileInfo(Path.Combine(_folder, "blocks")).Length, 1, 68 << 16);
        _ledger.Dispose();
        _ledger = Open();
        Assert.Equal((s_alice, 40L * 16384), Assert.Single(_ledger.OnHaveAll()));
    }

    private BlockLedger Open() => new(new BlockBudget(), Path.Combine(_folder, "blocks"), _failures.Add);

    [Fact]
    public void A_piece_is_paid_by_the_block_once_the_client_has_it()
    {
        _ledger.OnBlock(3, 0, 16384, s_alice, _ledger.Now);
        _ledger.OnBlock(3, 16384, 16384, s_bob, _ledger.Now);
        _ledger.OnBlock(3, 32768, 100, s_alice, _ledger.Now);
        Assert.Empty(_ledger.OnHave(4));
        Assert.Equal([(s_alice, 16484L), (s_bob, 16384L)], _ledger.OnHave(3));
        Assert.Empty(_ledger.OnHave(3));
    }

    [Fact]
    public void What_comes_twice_is_paid_to_the_first()
    {
        var (first, second) = (_ledger.Now, _ledger.Now);
        _ledger.OnBlock(0, 0, 16384, s_alice, first);
        _ledger.OnBlock(0, 0, 16384, s_bob, second);
        Assert.Equal([(s_alice, 16384L)], _ledger.OnHave(0));
        _ledger.OnBlock(0, 0, 16384, s_bob, second);
        Assert.Empty(_ledger.OnHave(0));
    }

    [Fact]
    public void What_is_asked_for_again_was_wrong_and_is_paid_to_the_second()
    {
        _ledger.OnBlock(0, 0, 16384, s_alice, _ledger.Now);
        _ledger.OnBlock(0, 16384, 16384, s_bob, _ledger.Now);
        _ledger.OnBlock(0, 0, 16384, s_bob, _ledger.Now);
        Assert.Equal([(s_bob, 32768L)], _ledger.OnHave(0));
    }

    [Fact]
    public void What_a_client_without_PBTS_sent_is_paid_to_nobody()
    {
        var (first, second) = (_ledger.Now, _ledger.Now);
        _ledger.OnBlock(0, 0, 16384, null, first);
        _ledger.OnBlock(0, 0, 16384, s_bob, second);
        Assert.Empty(_ledger.OnHave(0));
    }

    [Fact]
    public void A_bitfield_and_the_end_of_the_download_count_as_haves()
    {
        foreach (var piece in new[] { 0, 9, 10 })
            _ledger.OnBlock(piece, 0, 1, s_alice, _ledger.Now);
        Assert.Equal([(s_alice, 1L)], _ledger.OnBitfield([0, 0x40], isAlone: true));
        Assert.Equal([(s_alice, 2L)], _ledger.OnHaveAll());
        _ledger.OnBlock(0, 0, 1, s_alice, _ledger.Now);
        Assert.Empty(_ledger.OnHave(0));
    }

    [Fact]
    public void A_client_that_has_lost_pieces_pays_for_them_again()
    {
        _ledger.OnBlock(0, 0, 1, s_alice, _ledger.Now);
        Assert.Single(_ledger.OnHave(0));
        // Of another connection, begun before: nothing is unsaid.
        _ledger.OnBitfield([0], isAlone: false);
        _ledger.OnBlock(0, 0, 1, s_alice, _ledger.Now);
        Assert.Empty(_ledger.OnHave(0));
        _ledger.OnBitfield([0], isAlone: true);
        _ledger.OnBlock(0, 0, 1, s_alice, _ledger.Now);
        Assert.Single(_ledger.OnHave(0));
    }

    [Fact]
    public void No_more_is_remembered_than_there_is_room_for()
    {
        for (var block = 0; block < 600_000; block++)
            _ledger.OnBlock(block / 1000, block % 1000 * 16384, 16384, s_alice, _ledger.Now);
        Assert.Equal(500_000L * 16384, _ledger.OnHaveAll().Single().Bytes);
        Assert.Empty(_ledger.OnBitfield([], isAlone: true));
        _ledger.OnBlock(0, 0, 16384, s_alice, _ledger.Now);
        Assert.Single(_ledger.OnHave(0));
    }

    private static MemberKey Key()
    {
        using var identity = MemberIdentity.Generate();
        return identity.PublicKey;
    }
}
