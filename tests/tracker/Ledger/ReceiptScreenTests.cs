using System.Security.Cryptography;
using Pbts.Grains.Ledger;
using Pbts.Grains.Users;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Ledger;

/// <summary>What is refused before any signature is looked at, and at which second each refusal begins.</summary>
public sealed class ReceiptScreenTests
{
    private const long Now = 1_800_000_000;
    private const long Window = 86_400;

    private static readonly MemberKey Sender = NewKey();
    private static readonly MemberKey OldSender = NewKey();
    private static readonly MemberKey Receiver = NewKey();
    private static readonly MemberKey Other = NewKey();
    private static readonly MemberKey Claimed = NewKey();

    private readonly Dictionary<MemberKey, KeyHolder> _holders = new()
    {
        [Sender] = new(1, "sender", true),
        [OldSender] = new(1, "sender", true, Now - 1000),
        [Receiver] = new(2, "receiver", true),
        [Other] = new(3, "other", true),
        [Claimed] = new(4, "claimed", false),
    };

    private readonly ReceiptsOptions _options = new() { MaxPieceSize = 1000 };

    [Fact]
    public void A_receipt_of_the_reporter_from_a_member_is_accepted_with_both_of_them()
    {
        var receipt = Receipt();
        Assert.Equal(ReceiptStatus.Accepted, Screen().Check(receipt));
        Assert.Equal(new LedgerEntry((long)receipt.Time.Epoch, receipt.Id, 1, 2, receipt.InfoHash, 7, 1000), Screen().Entry(receipt));
    }

    [Fact]
    public void Nothing_counts_before_the_reporters_key_is_proven()
    {
        _holders[Sender] = _holders[Sender] with { Proven = false };
        Assert.Equal(ReceiptStatus.Unproven, Screen().Check(Receipt()));
        Assert.Equal(ReceiptStatus.Unproven, Screen().Check(Receipt(sender: Other)));
        Assert.Equal(VoucherStatus.Unproven, Screen().Check(Voucher()));
        Assert.Null(Screen().HolderOf(Sender));
    }

    [Fact]
    public void What_names_another_sender_is_not_the_reporters()
    {
        foreach (var sender in (MemberKey[])[Other, Claimed, NewKey()])
        {
            Assert.Equal(ReceiptStatus.NotYourReceipt, Screen().Check(Receipt(sender: sender)));
            Assert.Equal(VoucherStatus.NotYourVoucher, Screen().Check(Voucher(sender: sender)));
        }
    }

    [Theory]
    [InlineData(-1, true)]
    [InlineData(60, true)]
    [InlineData(61, false)]
    public void A_replaced_key_counts_until_a_minute_after(long later, bool counts)
    {
        var at = Now - 1000 + later;
        Assert.Equal(counts ? ReceiptStatus.Accepted : ReceiptStatus.NotYourReceipt, Screen().Check(Receipt(sender: OldSender, at: at)));
        Assert.Equal(counts ? VoucherStatus.Accepted : VoucherStatus.NotYourVoucher, Screen().Check(Voucher(sender: OldSender, at: at)));
        _holders[Receiver] = _holders[Receiver] with { RetiredAt = Now - 1000 };
        Assert.Equal(counts ? ReceiptStatus.Accepted : ReceiptStatus.UnknownReceiver, Screen().Check(Receipt(at: at)));
        Assert.Equal(counts ? VoucherStatus.Accepted : VoucherStatus.UnknownReceiver, Screen().Check(Voucher(at: at)));
    }

    [Fact]
    public void Nobody_signs_for_itself_with_this_key_or_an_older_one()
    {
        foreach (var own in (MemberKey[])[Sender, OldSender])
        {
            Assert.Equal(ReceiptStatus.SelfReceipt, Screen().Check(Receipt(receiver: own)));
            Assert.Equal(VoucherStatus.SelfVoucher, Screen().Check(Voucher(receiver: own)));
        }
    }

    [Theory]
    [InlineData(1000, ReceiptStatus.Accepted)]
    [InlineData(1001, ReceiptStatus.TooLarge)]
    public void A_piece_has_so_many_bytes_at_most(long bytes, ReceiptStatus expected) => Assert.Equal(expected, Screen().Check(Receipt(bytes: bytes)));

    [Theory]
    [InlineData(-Window, ReceiptStatus.Accepted)]
    [InlineData(-Window - 1, ReceiptStatus.Expired)]
    [InlineData(120, ReceiptStatus.Accepted)]
    [InlineData(121, ReceiptStatus.Future)]
    public void A_receipt_is_of_the_window_or_two_minutes_ahead(long later, ReceiptStatus expected) => Assert.Equal(expected, Screen().Check(Receipt(at: Now + later)));

    [Fact]
    public void Receivers_are_members_that_have_proved_their_key_unless_the_operator_takes_any()
    {
        var stranger = NewKey();
        Assert.Equal(ReceiptStatus.UnknownReceiver, Screen().Check(Receipt(receiver: stranger)));
        Assert.Equal(ReceiptStatus.Unproven, Screen().Check(Receipt(receiver: Claimed)));
        _options.UnknownReceivers = "credit-sender";
        foreach (var receiver in (MemberKey[])[stranger, Claimed])
        {
            Assert.Equal(ReceiptStatus.Accepted, Screen().Check(Receipt(receiver: receiver)));
            Assert.Null(Screen().Entry(Receipt(receiver: receiver)).Receiver);
        }

        // Vouchers are of members whatever the operator takes.
        Assert.Equal(VoucherStatus.UnknownReceiver, Screen().Check(Voucher(receiver: stranger)));
        Assert.Equal(VoucherStatus.Unproven, Screen().Check(Voucher(receiver: Claimed)));
    }

    private static MemberKey NewKey() => MemberKey.From(RandomNumberGenerator.GetBytes(48));

    private ReceiptScreen Screen() => new(Sender, "sender", _holders, _options, Window, Now);

    private static Receipt Receipt(MemberKey? sender = null, MemberKey? receiver = null, long at = Now, long bytes = 1000) => new()
    {
        InfoHash = InfoHash.From(new byte[20]),
        Sender = sender ?? Sender,
        Receiver = receiver ?? Receiver,
        PieceHash = PieceHash.From(new byte[20]),
        PieceIndex = 7,
        Time = ReceiptTime.FromTimestamp((ulong)at),
        Signature = ReceiptSignature.From(new byte[96]),
        PieceSize = bytes,
    };

    private static Voucher Voucher(MemberKey? sender = null, MemberKey? receiver = null, long at = Now) => new()
    {
        Instance = InstanceId.From(new byte[InstanceId.Length]),
        InfoHash = InfoHash.From(new byte[20]),
        Sender = sender ?? Sender,
        Receiver = receiver ?? Receiver,
        Session = SessionId.From(new byte[SessionId.Length]),
        Bytes = 1000,
        Opened = at - 100,
        SignedAt = at,
    };
}
