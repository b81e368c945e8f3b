using Pbts.Protocol.Bencode;
using Pbts.Protocol.Bep10;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer.Gate;

/// <summary>The extended handshakes (BEP 10) of a client that knows nothing of PBTS: vouchers are offered in its name, and it hears of none.</summary>
internal static class GateHandshake
{
    /// <summary>Ids that clients do not use: they number their own from 1. One that does has that extension with nobody.</summary>
    public static readonly VoucherIds Ids = new(200, 201, 202);

    private const string Prefix = "pbts";

    private static readonly BencodeLimits Limits = new() { MaxDepth = 16, MaxValues = 4096, MaxLength = Bep10Limits.MaxPayload, IsLenient = true };

    /// <summary>The client's handshake as the peer is to see it; <c>null</c> for what is none.</summary>
    /// <param name="payload">What the client says.</param>
    /// <param name="key">The member's key.</param>
    /// <param name="instance">The tracker.</param>
    /// <param name="port">Where the member is called.</param>
    public static byte[]? ToWorld(ReadOnlyMemory<byte> payload, MemberKey key, InstanceId instance, int port)
    {
        if (!TryRead(payload, out var root, out var messages))
            return null;
        messages.RemoveWhere(value => IsOurs(value.Span));
        messages.Set("pbts_voucher", BencodeValue.Of(Ids.Voucher));
        messages.Set("pbts_voucher_ack", BencodeValue.Of(Ids.Ack));
        messages.Set("pbts_request_voucher", BencodeValue.Of(Ids.Request));
        root.Set("m", messages.Encode());
        root.Set("p", BencodeValue.Of(port));
        root.Set("pbts_instance", BencodeValue.Of(instance.ToArray()));
        root.Set("pbts_pk", BencodeValue.Of(key.ToArray()));
        // Addresses of the client are those of this machine's doors.
        foreach (var address in new[] { "ipv4", "ipv6", "yourip" })
            root.Remove(address);
        return root.Encode();
    }

    /// <summary>A peer's handshake as the client is to see it; <c>null</c> for what is none.</summary>
    public static byte[]? ToClient(ReadOnlyMemory<byte> payload)
    {
        if (!TryRead(payload, out var root, out var messages))
            return null;
        // The gate alone says where peers are.
        messages.Remove("ut_pex");
        root.Set("m", messages.Encode());
        root.Remove("p");
        return root.Encode();
    }

    private static bool TryRead(ReadOnlyMemory<byte> payload, out BencodeEntries root, out BencodeEntries messages)
    {
        (root, messages) = (new BencodeEntries(), new BencodeEntries());
        if (BencodeDocument.TryParse(payload, Limits, out var document) != BencodeError.None || document!.Root.Kind != BencodeKind.Dictionary)
            return false;
        root = BencodeEntries.Of(document.Root);
        root.RemoveWhere((string name) => name.StartsWith(Prefix, StringComparison.Ordinal));
        if (document.Root.TryGet("m"u8, out var ids))
            messages = BencodeEntries.Of(ids);
        messages.RemoveWhere((string name) => name.StartsWith(Prefix, StringComparison.Ordinal));
        return true;
    }

    private static bool IsOurs(ReadOnlySpan<byte> encoded) => encoded.SequenceEqual("i200e"u8) || encoded.SequenceEqual("i201e"u8) || encoded.SequenceEqual("i202e"u8);
}
