using System.Text.Json;
using System.Text.RegularExpressions;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using BlsScheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bep10;

/// <summary>The examples in docs/bep10.md are what the implementation makes from the keys and times the document names.</summary>
public partial class DocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "bep10.md"));
    private static readonly Dictionary<string, string> Examples = Example().Matches(Document)
        .ToDictionary(m => m.Groups["name"].Value, m => m.Groups["kind"].Value == "hex" ? m.Groups["body"].Value.ReplaceLineEndings("") : m.Groups["body"].Value);

    private static readonly BlsSecretKey ReceiverSecret = Key(0x01);
    private static readonly MemberKey Receiver = MemberKey.Of(ReceiverSecret);
    private static readonly MemberKey Sender = MemberKey.Of(Key(0x21));
    private static readonly PieceHash Piece = PieceHash.OfPiece("piece data"u8);
    private static readonly InfoHash Torrent = InfoHash.From(Protocol.Torrents.TorrentHash.Of("torrent"u8));
    private static readonly ReceiptTime Time = ReceiptTime.FromEpoch(ReceiptTime.EpochOf(1_700_000_000));

    private static readonly WireReceipt Wire = new(
        new Receipt
        {
            InfoHash = Torrent, Sender = Sender, Receiver = Receiver, PieceHash = Piece, PieceIndex = 42, Time = Time, PieceSize = 10,
            Signature = ReceiptSignature.From(BlsScheme.Sign(ReceiverSecret, ReceiptMessage.Build(Torrent, Sender, Piece, 42, Time)).ToArray()),
        },
        1_700_000_000);

    [Fact]
    public void The_document_has_all_its_examples() => Assert.Equal(
        [
            "announce-message", "announce-signature", "handshake", "handshake-nested", "handshake-voucher", "receipt", "receipt-ack", "receipt-batch", "receipt-id",
            "register", "register-message", "report", "report-voucher", "request-receipt", "request-voucher", "session", "signature", "signed-message",
            "voucher", "voucher-ack", "voucher-id", "voucher-message", "voucher-signature",
        ],
        Examples.Keys.Order());

    [Fact]
    public void Keys_are_those_of_the_table()
    {
        Assert.Contains($"`{Receiver}`", Document, StringComparison.Ordinal);
        Assert.Contains($"`{Sender}`", Document, StringComparison.Ordinal);
    }

    [Fact]
    public void Handshakes_are_as_written()
    {
        Check("handshake", new PbtsExtension().CreateHandshake(6881, publicKey: Sender));
        Check("handshake-nested", new PbtsExtension().CreateHandshake(6881, nestedOnly: true));
        var reader = new PbtsExtension();
        Assert.True(reader.ParseHandshake(Convert.FromHexString(Examples["handshake"])[6..]));
        Assert.Equal((Sender, Bep10Ids.Local), (reader.Remote!.PublicKey!.Value, reader.RemoteIds));
    }

    [Fact]
    public void Receipts_are_as_written()
    {
        var extension = new PbtsExtension();
        Assert.True(extension.ParseHandshake(Convert.FromHexString(Examples["handshake"])[6..]));
        Check("signed-message", Wire.Receipt.SignedMessage());
        Check("signature", Wire.Receipt.Signature.ToArray());
        Check("receipt-id", Wire.Receipt.Id.ToArray());
        Assert.True(extension.TryCreateReceipt(Wire, out var frame));
        Check("receipt", frame);
        Assert.True(extension.TryCreateReceiptBatch([Wire], out frame));
        Check("receipt-batch", frame);
        Assert.True(extension.TryCreateRequest(new ReceiptRequest(Torrent, Piece, 42), out frame));
        Check("request-receipt", frame);
        Assert.True(extension.TryCreateAck(1, out frame));
        Check("receipt-ack", frame);
    }

    [Fact]
    public void The_report_carries_the_same_receipt()
    {
        var report = JsonDocument.Parse(Examples["report"]).RootElement;
        var receipt = report.GetProperty("receipts")[0];
        Assert.Equal(Torrent.ToString(), receipt.Text("infohash"));
        Assert.Equal(Piece.ToString(), receipt.Text("piece_hash"));
        Assert.Equal(Sender.ToArray(), Convert.FromBase64String(receipt.Text("sender_pk")));
        Assert.Equal(Receiver.ToArray(), Convert.FromBase64String(receipt.Text("receiver_public_key")));
        Assert.Equal(Wire.Receipt.Signature.ToArray(), Convert.FromBase64String(receipt.Text("signature")));
        Assert.Equal(Time.Value, receipt.GetProperty("t_epoch").GetUInt64());
        Assert.Equal(report.Text("public_key"), receipt.Text("sender_pk"));
        Assert.Equal((42, 10, "alice"), (receipt.GetProperty("piece_index").GetInt32(), receipt.GetProperty("piece_size").GetInt32(), report.Text("user_id")));
    }

    [Fact]
    public void Registration_and_announce_are_as_written()
    {
        var instance = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));
        var message = RegistrationMessage.Build(instance, "bob");
        Check("register-message", message);
        var register = JsonDocument.Parse(Examples["register"]).RootElement;
        Assert.Equal(("bob", Convert.ToBase64String(Receiver.Span)), (register.Text("user_id"), register.Text("public_key")));
        Assert.Equal(Convert.ToBase64String(BlsScheme.Sign(ReceiverSecret, message).ToArray()), register.Text("signature"));

        message = AnnounceMessage.Build("bob", Torrent, "started");
        Check("announce-message", message);
        Check("announce-signature", BlsScheme.Sign(ReceiverSecret, message).ToArray());
    }

    [Fact]
    public void Vouchers_are_as_written_from_the_keys_of_the_table()
    {
        var vector = Vectors.Load("pbts_vouchers.json").GetProperty("valid")[0];
        foreach (var field in new[] { "instance_id", "infohash", "receiver_sk", "receiver_pk", "sender_pk", "session" })
            Assert.Contains($"| `{vector.Text(field)}` |", Document, StringComparison.Ordinal);
        var voucher = Signed(Unsigned(vector) with { Bytes = 4_194_304, Opened = 1_700_000_000, SignedAt = 1_700_000_042 }, vector);
        Check("voucher-message", voucher.SignedMessage());
        Check("voucher-signature", voucher.Signature.ToArray());
        Check("voucher-id", voucher.Id.ToArray());

        // Of two that speak as the document does: the receiver writes the voucher, the sender the other two.
        var (sender, receiver) = (new PbtsExtension(), new PbtsExtension());
        Check("handshake-voucher", sender.CreateHandshake(6881, publicKey: voucher.Sender, instance: voucher.Instance));
        var answer = receiver.CreateHandshake(6882, publicKey: voucher.Receiver, instance: voucher.Instance);
        Assert.True(receiver.ParseHandshake(Convert.FromHexString(Examples["handshake-voucher"])[6..]) && sender.ParseHandshake(answer.AsMemory(6)));
        Assert.True(receiver.TryCreateVoucher(voucher, out var frame));
        Check("voucher", frame);
        Assert.True(sender.TryCreateVoucherAck(new VoucherAck(voucher.Session, voucher.Bytes), out frame));
        Check("voucher-ack", frame);
        Assert.True(sender.TryCreateVoucherRequest(out frame));
        Check("request-voucher", frame);

        var report = JsonDocument.Parse(Examples["report-voucher"]).RootElement.GetProperty("vouchers")[0];
        Assert.Equal((voucher.InfoHash.ToString(), voucher.Session.ToString()), (report.Text("infohash"), report.Text("session")));
        Assert.Equal(voucher.Sender.ToArray(), Convert.FromBase64String(report.Text("sender_pk")));
        Assert.Equal(voucher.Receiver.ToArray(), Convert.FromBase64String(report.Text("receiver_pk")));
        Assert.Equal(voucher.Signature.ToArray(), Convert.FromBase64String(report.Text("signature")));
        Assert.Equal((voucher.Bytes, voucher.Opened, voucher.SignedAt), (report.GetProperty("bytes").GetInt64(), report.GetProperty("opened").GetInt64(), report.GetProperty("signed_at").GetInt64()));
    }

    [Fact]
    public void The_session_of_the_document_is_signed_as_written_and_is_the_vectors()
    {
        var session = JsonDocument.Parse(Examples["session"]).RootElement;
        var vector = Vectors.Load("pbts_vouchers.json").GetProperty("sessions")[0];
        Assert.Equal(vector.GetProperty("vouchers").GetArrayLength(), session.GetProperty("vouchers").GetArrayLength());
        foreach (var (written, expected) in session.GetProperty("vouchers").EnumerateArray().Zip(vector.GetProperty("vouchers").EnumerateArray()))
        {
            var voucher = Signed(Unsigned(session) with { Bytes = written.GetProperty("bytes").GetInt64(), Opened = session.GetProperty("opened").GetInt64(), SignedAt = written.GetProperty("signed_at").GetInt64() }, session);
            Assert.Equal(written.Text("signature"), voucher.Signature.ToString());
            Assert.Equal((expected.Text("signature"), expected.Text("bytes")), (written.Text("signature"), $"{voucher.Bytes}"));
        }

        foreach (var order in vector.GetProperty("orders").EnumerateArray())
        {
            var numbers = string.Join(", ", order.GetProperty("order").EnumerateArray().Select(index => index.GetInt32() + 1));
            var credited = string.Join(", ", order.GetProperty("credited").EnumerateArray().Select(bytes => bytes.GetInt64()));
            Assert.Contains($"| {numbers} | {credited} | {order.GetProperty("total")} |", Document, StringComparison.Ordinal);
        }
    }

    private static Voucher Unsigned(JsonElement fields) => new()
    {
        Instance = InstanceId.From(fields.Hex("instance_id")), InfoHash = InfoHash.From(fields.Hex("infohash")), Sender = MemberKey.From(fields.Hex("sender_pk")),
        Receiver = MemberKey.From(fields.Hex("receiver_pk")), Session = SessionId.From(fields.Hex("session")), Bytes = 1, Opened = 0, SignedAt = 0,
    };

    private static Voucher Signed(Voucher voucher, JsonElement fields)
    {
        Assert.True(BlsSecretKey.TryParse(fields.Hex("receiver_sk"), out var secret));
        Assert.Equal(voucher.Receiver.ToArray(), BlsScheme.SkToPk(secret).ToArray());
        return voucher with { Signature = ReceiptSignature.From(BlsScheme.Sign(secret, voucher.SignedMessage()).ToArray()) };
    }

    private static void Check(string name, byte[] bytes) => Assert.Equal(Examples[name], Convert.ToHexStringLower(bytes));

    private static BlsSecretKey Key(byte first)
    {
        Assert.True(BlsSecretKey.TryParse(Enumerable.Range(first, 32).Select(b => (byte)b).ToArray(), out var key));
        return key;
    }

    [GeneratedRegex(@"^```(?<kind>hex|json) (?<name>[a-z-]+)\r?\n(?<body>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
