using System.Buffers.Binary;
using System.Security.Cryptography;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Udp;

/// <summary>
/// Connection ids (BEP 15) that need no memory: a keyed hash of the caller's address and the time slot. An id is good for
/// its slot and the next, so for two to four minutes, and for no other address. All sockets of the process share the key.
/// </summary>
internal sealed class ConnectionIds(TimeProvider time)
{
    /// <summary>BEP 15: a tracker accepts an id for two minutes after it gave it out.</summary>
    public static readonly TimeSpan Slot = TimeSpan.FromMinutes(2);

    private static readonly byte[] s_key = RandomNumberGenerator.GetBytes(SipHash.KeyLength);

    /// <summary>An id for the caller; the port does not count, since some routers change it between packets.</summary>
    public ulong Issue(PeerEndpoint caller) => Compute(caller, CurrentSlot());

    public bool IsValid(ulong id, PeerEndpoint caller)
    {
        var slot = CurrentSlot();

        // One comparison of all 64 bits tells an attacker nothing about how near a guess came.
        return id == Compute(caller, slot) || id == Compute(caller, slot - 1);
    }

    // The monotonic clock: setting the wall clock must not strand clients.
    private long CurrentSlot() => (long)(time.GetTimestamp() / (Slot.TotalSeconds * time.TimestampFrequency));

    private static ulong Compute(PeerEndpoint caller, long slot)
    {
        Span<byte> input = stackalloc byte[18 + sizeof(long)];
        caller.WriteCompact(input);
        input = input[..(caller.CompactLength - 2 + sizeof(long))];
        BinaryPrimitives.WriteInt64LittleEndian(input[^sizeof(long)..], slot);
        return SipHash.Hash(s_key, input);
    }
}
