using System.Text;
using Pbts.Peer;
using Pbts.Peer.Gate;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Torrents;
using Pbts.Protocol.Vouchers;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>What a client and its peers see of each other's extended handshakes, and of torrents.</summary>
public sealed class GateHandshakeTests
{
    private static readonly InstanceId s_instance = InstanceId.From(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());

    [Theory]
    [InlineData("d1:md11:ut_metadatai3e6:ut_pexi1ee4:ipv44:\u007f\u0000\u0000\u000112:complete_agoi1e1:pi6881e4:reqqi500e1:v7:client/6:yourip4:\u007fP\u0000\u0001e")]
    [InlineData("d1:v1:ce")]
    [InlineData("de")]
    [InlineData("d1:pi1e1:md6:ut_pexi1eee")] // keys in another order
    [InlineData("d1:md12:pbts_voucheri9e3:abci200eee")] // an id of ours is taken
    public void The_world_sees_a_member(string said)
    {
        using var identity = MemberIdentity.Generate();
        var payload = GateHandshake.ToWorld(Encoding.Latin1.GetBytes(said), identity.PublicKey, s_instance, 4711)!;
        Assert.True(ExtensionHandshake.TryParse(payload, out var seen));
        Assert.Equal((identity.PublicKey, s_instance, GateHandshake.Ids, 4711), (seen.PublicKey!.Value, seen.Instance!.Value, seen.VoucherIds, seen.Port!.Value));
        var text = Encoding.Latin1.GetString(payload);
        Assert.DoesNotContain("yourip", text, StringComparison.Ordinal);
        Assert.DoesNotContain("ipv4", text, StringComparison.Ordinal);
        Assert.DoesNotContain("3:abci200e", text, StringComparison.Ordinal);
        Assert.Equal(said.Contains("ut_metadatai3e", StringComparison.Ordinal), text.Contains("ut_metadatai3e", StringComparison.Ordinal));
    }

    [Fact]
    public void The_client_sees_no_PBTS()
    {
        using var identity = MemberIdentity.Generate();
        var frame = new PbtsExtension().CreateHandshake(port: 6881, publicKey: identity.PublicKey, instance: s_instance, requestQueue: 250);
        var text = Encoding.Latin1.GetString(GateHandshake.ToClient(frame.AsMemory(6))!);
        Assert.DoesNotContain("pbts_", text, StringComparison.Ordinal);
        Assert.Equal("d1:mde4:reqqi250e1:v10:PBTS 0.1.0e", text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("le")]
    [InlineData("d1:m")]
    public void What_is_no_handshake_is_left_alone(string said)
    {
        using var identity = MemberIdentity.Generate();
        Assert.Null(GateHandshake.ToWorld(Encoding.Latin1.GetBytes(said), identity.PublicKey, s_instance, 1));
        Assert.Null(GateHandshake.ToClient(Encoding.Latin1.GetBytes(said)));
    }

    [Fact]
    public void A_torrent_that_names_the_gate_keeps_its_infohash_and_all_else()
    {
        const string Info = "d6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:0123456789abcdefghij7:privatei1ee";
        // As some programs write it: keys in any order.
        var file = Encoding.Latin1.GetBytes($"d8:announce3:old13:announce-listll3:oldeee4:info{Info}7:comment2:hi5:nodesle1:z1:ye".Replace("eee4:info", "ee4:info", StringComparison.Ordinal));
        Assert.True(TorrentRewriter.TryRewrite(file, "http://127.0.0.1:6880/announce/x", out var copy, out var error), error);
        Assert.Equal($"d8:announce32:http://127.0.0.1:6880/announce/x7:comment2:hi4:info{Info}1:z1:ye", Encoding.Latin1.GetString(copy));
        Assert.True(TorrentMetadata.TryParse(copy, out var torrent, out _));
        Assert.Equal(["http://127.0.0.1:6880/announce/x"], torrent.Trackers);
        Assert.False(TorrentRewriter.TryRewrite("de"u8.ToArray(), "x", out _, out error));
        Assert.Equal("info: missing", error);
        Assert.False(TorrentRewriter.TryRewrite("nonsense"u8.ToArray(), "x", out _, out error));
        Assert.StartsWith("not a torrent", error, StringComparison.Ordinal);
    }
}
