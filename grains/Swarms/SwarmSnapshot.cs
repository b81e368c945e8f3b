using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The bytes in which a swarm's peers travel from one activation to the next. Version byte, then for each peer: compact
/// length (6 or 18), flags, compact endpoint, identity (8), peer id (20), last seen (4), uploaded (8), downloaded (8),
/// user id (length byte, UTF-8). Integers are big endian.
/// </summary>
internal static class SwarmSnapshot
{
    private const byte Version = 1;
    private const byte SeederFlag = 1;
    private const byte PausedFlag = 2;
    private const byte CompletedFlag = 4;
    private const int FixedTail = 8 + PeerId.Length + 4 + 8 + 8 + 1;

    public static byte[] Write(Swarm swarm)
    {
        var writer = new ArrayBufferWriter<byte>(1 + (swarm.Count * 64));
        writer.Write([Version]);
        foreach (var table in swarm.Tables)
        {
            for (var position = 0; position < table.Count; position++)
                WritePeer(writer, table, position);
        }

        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Adds the peers in <paramref name="bytes"/> that are still alive; bytes of an unknown version are ignored.</summary>
    public static void Read(ReadOnlySpan<byte> bytes, Swarm swarm, uint now)
    {
        if (bytes.Length == 0 || bytes[0] != Version)
            return;
        bytes = bytes[1..];
        while (bytes.Length > 0)
        {
            var stride = bytes[0];
            var flags = bytes[1];
            var endpoint = bytes.Slice(2, stride);
            var tail = bytes[(2 + stride)..];
            var userLength = tail[FixedTail - 1];
            var record = new PeerRecord
            {
                Identity = BinaryPrimitives.ReadUInt64BigEndian(tail),
                PeerId = PeerId.Read(tail[8..]),
                LastSeen = BinaryPrimitives.ReadUInt32BigEndian(tail[28..]),
                Uploaded = BinaryPrimitives.ReadInt64BigEndian(tail[32..]),
                Downloaded = BinaryPrimitives.ReadInt64BigEndian(tail[40..]),
                UserId = userLength == 0 ? null : Encoding.UTF8.GetString(tail.Slice(FixedTail, userLength)),
                Paused = (flags & PausedFlag) != 0,
                Completed = (flags & CompletedFlag) != 0,
            };
            swarm.Restore(endpoint, record, (flags & SeederFlag) != 0, now);
            bytes = tail[(FixedTail + userLength)..];
        }
    }

    private static void WritePeer(ArrayBufferWriter<byte> writer, PeerTable table, int position)
    {
        ref readonly var record = ref table.Record(position);
        var user = record.UserId is null ? [] : Encoding.UTF8.GetBytes(record.UserId);
        var span = writer.GetSpan(2 + table.Stride + FixedTail + user.Length);
        span[0] = (byte)table.Stride;
        span[1] = (byte)((table.IsSeeder(position) ? SeederFlag : 0) | (record.Paused ? PausedFlag : 0) | (record.Completed ? CompletedFlag : 0));
        table.Endpoint(position).CopyTo(span[2..]);
        var tail = span[(2 + table.Stride)..];
        BinaryPrimitives.WriteUInt64BigEndian(tail, record.Identity);
        record.PeerId.Write(tail[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(tail[28..], record.LastSeen);
        BinaryPrimitives.WriteInt64BigEndian(tail[32..], record.Uploaded);
        BinaryPrimitives.WriteInt64BigEndian(tail[40..], record.Downloaded);
        tail[FixedTail - 1] = (byte)user.Length;
        user.CopyTo(tail[FixedTail..]);
        writer.Advance(2 + table.Stride + FixedTail + user.Length);
    }
}
