using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>A completed download, under the names by which it is found again.</summary>
/// <param name="Peer">The client: over both address families it has one key and one peer id (BEP 7).</param>
/// <param name="Holder">Whose it is: the member's, or else the address's; the peer's own where addresses are not limited.</param>
/// <param name="Kind">What the holder is.</param>
internal sealed record Completion(byte[] InfoHash, long Peer, long Holder, CompletionKind Kind)
{
    /// <param name="byAddress">An address counts one completed download a torrent and day.</param>
    public static Completion Of(byte[] infoHash, AnnounceRequest request, bool byAddress)
    {
        var id = request.PeerId;
        var peer = unchecked((long)(request.Identity ^ BitOperations.RotateLeft(id.First, 17) ^ BitOperations.RotateLeft(id.Second, 31) ^ id.Third));
        if (request.UserId is { } user)
            return new(infoHash, peer, NameOf("member "u8, Encoding.UTF8.GetBytes(user)), CompletionKind.Member);
        if (!byAddress)
            return new(infoHash, peer, peer, CompletionKind.Peer);
        Span<byte> endpoint = stackalloc byte[request.Endpoint.CompactLength];
        request.Endpoint.WriteCompact(endpoint);
        return new(infoHash, peer, NameOf("address "u8, endpoint[..(request.Endpoint.IsIPv6 ? 8 : 4)]), CompletionKind.Address);
    }

    private static long NameOf(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> holder) =>
        BinaryPrimitives.ReadInt64BigEndian(SHA256.HashData([.. kind, .. holder]));
}

/// <summary>What a completed download is remembered by, as the database has it.</summary>
internal enum CompletionKind : short
{
    Peer = 0,

    /// <summary>An IPv4 address or an IPv6 /64: counts again after a day.</summary>
    Address = 1,

    /// <summary>Counts once.</summary>
    Member = 2,
}
