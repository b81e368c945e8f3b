using System.Text.Json;
using System.Text.RegularExpressions;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using BlsScheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bep10;

/// <summary>The examples in docs/bep10.md are what the implementation makes from the keys and times the document names.</summary>
public partial class DocumentTests
{
    private static readonly string Document = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "bep10.md"));
    private static readonly Dictionary<string, string> Examples = Example().Matches(Document)
        .ToDictionary(m => m.Groups["name"].Value, m => m.Groups["kind"].Value == "hex" ? m.Groups["body"].Value.ReplaceLineEndings("") : m.Groups["body"].Value);

    private static readonly BlsSecretKey ReceiverSecret = Key(0x01);
    private static readonly MemberKey Receiver = MemberKey.From(BlsScheme.SkToPk(ReceiverSecret).ToArray());
    private static readonly MemberKey Sender = MemberKey.From(BlsScheme.SkToPk(Key(0x21)).ToArray());
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
            "announce-message", "announce-signature", "handshake", "handshake-nested", "receipt", "receipt-ack", "receipt-batch", "receipt-id",
            "register", "register-message", "report", "request-receipt", "signature", "signed-message",
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

    private static void Check(string name, byte[] bytes) => Assert.Equal(Examples[name], Convert.ToHexStringLower(bytes));

    private static BlsSecretKey Key(byte first)
    {
        Assert.True(BlsSecretKey.TryParse(Enumerable.Range(first, 32).Select(b => (byte)b).ToArray(), out var key));
        return key;
    }

    [GeneratedRegex(@"^```(?<kind>hex|json) (?<name>[a-z-]+)\r?\n(?<body>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();
}
