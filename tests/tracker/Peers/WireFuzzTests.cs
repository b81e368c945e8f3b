using System.Buffers.Binary;
using System.Text;
using Pbts.Peer;
using Pbts.Peer.Exchange;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;
using static Pbts.Tracker.Tests.Peers.TransferSetup;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>200,000 seeded messages, most of them nearly right, to a downloader: it throws nothing, keeps no memory, and completes afterwards.</summary>
public class WireFuzzTests
{
    private const int Inputs = 200_000;

    private readonly Random _random = new(20261125);

    [Fact]
    public async Task Two_hundred_thousand_hostile_messages_leave_a_downloader_unharmed()
    {
        using var setup = await CreateAsync(600_000, 16384);
        using var alice = MemberIdentity.Generate();
        using var bob = MemberIdentity.Generate();
        await using var get = await setup.StartAsync("get", bob);
        byte[][] extended =
        [
            new PbtsExtension().CreateHandshake(6881, publicKey: alice.PublicKey)[5..],
            [1, .. ReceiptCodec.EncodeReceipt(Receipt(setup, alice, bob))],
            [2, .. ReceiptCodec.EncodeBatch([Receipt(setup, alice, bob), Receipt(setup, bob, alice)])],
            [3, .. ReceiptCodec.EncodeRequest(new ReceiptRequest(setup.Torrent.InfoHash, PieceHash.OfPiece([]), 1))],
            [4, .. ReceiptCodec.EncodeAck(0)],
        ];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (connections, accepted) = (0, 0);
        RawPeer? raw = null;
        PeerConnection? peer = null;
        for (var i = 0; i < Inputs; i++)
        {
            while (peer is null || !peer.IsOpen)
            {
                raw?.Dispose();
                var id = $"-XX0000-{connections++:D12}";
                raw = await RawPeer.ConnectAsync(get, setup.Torrent, id);
                var closed = raw.IsClosedAsync(600);
                // A caller from a port that is banned since it sent a wrong piece is hung up on.
                while ((peer = get.Session.Peers.FirstOrDefault(p => Encoding.ASCII.GetString(p.PeerId) == id)) is null && !closed.IsCompleted)
                    await Task.Yield();
            }
            var (kind, payload) = Next(setup, extended);
            await get.Session.OnMessageAsync(peer, kind, payload, default);
            accepted += peer.IsOpen ? 1 : 0;
        }
        raw?.Dispose();
        // Messages must pass as well as fail, or it proves nothing.
        Assert.InRange(accepted, Inputs / 2, Inputs - 500);
        await Wait.UntilReleasedAsync(before, 32 << 20);

        await using var seed = await setup.StartAsync("seed", alice);
        get.AddPeers([Address(seed)]);
        await get.Session.Completed.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(setup.Data, setup.Downloaded("get"));
    }

    private (byte Id, byte[] Payload) Next(TransferSetup setup, byte[][] extended)
    {
        var pieces = setup.Torrent.PieceCount;
        var id = (byte)_random.Next(11);
        byte[] payload = id switch
        {
            PeerMessages.Have => Numbers(_random.Next(pieces)),
            PeerMessages.BitfieldId => [(byte)_random.Next(256), (byte)_random.Next(256), (byte)_random.Next(256), (byte)_random.Next(256), (byte)(_random.Next(32) << 3)],
            PeerMessages.Request or PeerMessages.Cancel => Numbers(_random.Next(pieces), _random.Next(4) * 4096, _random.Next(1, 4096)),
            PeerMessages.Piece => [.. Numbers(_random.Next(pieces), _random.Next(3) * 8192), .. new byte[_random.Next(3) * 8192]],
            9 => extended[_random.Next(extended.Length)],
            10 => Bytes(_random.Next(64)),
            _ => [],
        };
        id = id switch { 9 => PeerMessages.Extended, 10 => (byte)_random.Next(256), _ => id };
        // One in thirty is damaged.
        switch (_random.Next(90))
        {
            case 0:
                return (id, payload[..(payload.Length / 2)]);
            case 1:
                return (id, [.. payload, (byte)_random.Next(256)]);
            case 2 when payload.Length > 0:
                var changed = payload.ToArray();
                changed[_random.Next(Math.Min(changed.Length, 16))] = (byte)_random.Next(256);
                return (id, changed);
            default:
                return (id, payload);
        }
    }

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Numbers(params ReadOnlySpan<int> numbers)
    {
        var bytes = new byte[numbers.Length * 4];
        for (var i = 0; i < numbers.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * 4), numbers[i]);
        return bytes;
    }

    private static WireReceipt Receipt(TransferSetup setup, MemberIdentity receiver, MemberIdentity sender)
    {
        var now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var time = ReceiptTime.FromEpoch(ReceiptTime.EpochOf(now));
        return new WireReceipt(receiver.SignReceipt(setup.Torrent.InfoHash, sender.PublicKey, PieceHash.OfPiece([]), 1, time, 16384), now);
    }
}
