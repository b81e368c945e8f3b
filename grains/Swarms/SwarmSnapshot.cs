using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The bytes in which a swarm's peers travel from one activation to the next. Version byte, then for each listed peer:
/// compact length (6 or 18), flags, compact endpoint, identity (8), peer id (20), last seen (4), length of the user id (2),
/// and when that is not 0: user id (UTF-8), uploaded (8), downloaded (8). Integers are big endian. Version 1 had the two
/// counters of every peer before a length of one byte.
/// </summary>
internal static class SwarmSnapshot
{
    private const byte Version = 2;
    private const byte FirstVersion = 1;
    private const int FixedTail = 8 + PeerId.Length + 4;
    private const int CountersLength = 8 + 8;

    [Flags]
    private enum Marks : byte
    {
        Seeder = 1,
        PartialSeed = 2,
        Completed = 4,
        SeenIncomplete = 8,
        CouldSend = 16,
        CouldGet = 32,
    }

    public static byte[] Write(Swarm swarm)
    {
        var writer = new ArrayBufferWriter<byte>(1 + (swarm.Count * 48));
        writer.Write([Version]);
        foreach (var table in swarm.Tables)
        {
            for (var position = 0; position < table.Count; position++)
                WritePeer(writer, swarm, table, position);
        }

        return writer.WrittenSpan.ToArray();
    }

    /// <summary>Adds the peers in <paramref name="bytes"/> that are still alive.</summary>
    /// <returns>Whether all of it could be read. What comes behind bytes that make no sense is lost, and nothing else.</returns>
    public static bool Read(ReadOnlySpan<byte> bytes, Swarm swarm, Moment now)
    {
        if (bytes.Length == 0 || bytes[0] is not (FirstVersion or Version))
            return false;
        var first = bytes[0] == FirstVersion;
        bytes = bytes[1..];
        while (bytes.Length > 0)
        {
            if (!TryReadPeer(ref bytes, first, swarm, now))
                return false;
        }

        return true;
    }

    private static bool TryReadPeer(ref ReadOnlySpan<byte> bytes, bool first, Swarm swarm, Moment now)
    {
        var stride = bytes[0];
        var userAt = 2 + stride + FixedTail + (first ? CountersLength : 0);
        if (stride is not (6 or 18) || bytes.Length < userAt + (first ? 1 : 2))
            return false;
        var marks = (Marks)bytes[1];
        var endpoint = bytes.Slice(2, stride);
        var tail = bytes[(2 + stride)..];
        int userLength = first ? bytes[userAt] : BinaryPrimitives.ReadUInt16BigEndian(bytes[userAt..]);
        var user = bytes[(userAt + (first ? 1 : 2))..];
        var counters = first ? tail[FixedTail..] : user[Math.Min(userLength, user.Length)..];
        var more = first || userLength == 0 ? 0 : CountersLength;
        if (user.Length < userLength + more)
            return false;
        var record = new PeerRecord
        {
            Identity = BinaryPrimitives.ReadUInt64BigEndian(tail),
            PeerId = PeerId.Read(tail[8..]),
            LastSeen = BinaryPrimitives.ReadUInt32BigEndian(tail[28..]),
            Role = (marks & Marks.Seeder) != 0 ? PeerRole.Seeder : (marks & Marks.PartialSeed) != 0 ? PeerRole.PartialSeed : PeerRole.Leecher,
            Completed = (marks & Marks.Completed) != 0,
            SeenIncomplete = (marks & Marks.SeenIncomplete) != 0 || (marks & Marks.Seeder) == 0,
        };
        var session = userLength == 0 ? null : new RestoredSession(
            Encoding.UTF8.GetString(user[..userLength]),
            new(BinaryPrimitives.ReadInt64BigEndian(counters), BinaryPrimitives.ReadInt64BigEndian(counters[8..])),
            (marks & Marks.CouldSend) != 0, (marks & Marks.CouldGet) != 0);
        swarm.Restore(endpoint, record, session, now);
        bytes = user[(userLength + more)..];
        return true;
    }

    private static void WritePeer(ArrayBufferWriter<byte> writer, Swarm swarm, PeerTable table, int position)
    {
        ref readonly var record = ref table.Record(position);
        var session = record.Session;
        var user = session is null ? [] : Encoding.UTF8.GetBytes(session.Member.UserId);
        var length = 2 + table.Stride + FixedTail + 2 + (session is null ? 0 : user.Length + CountersLength);
        var span = writer.GetSpan(length);
        span[0] = (byte)table.Stride;
        span[1] = (byte)(
            (record.Role == PeerRole.Seeder ? Marks.Seeder : record.Role == PeerRole.PartialSeed ? Marks.PartialSeed : 0)
            | (record.Completed ? Marks.Completed : 0)
            | (record.SeenIncomplete ? Marks.SeenIncomplete : 0)
            | (session is not null && swarm.CouldSend(session) ? Marks.CouldSend : 0)
            | (session is not null && swarm.CouldGet(session) ? Marks.CouldGet : 0));
        table.Endpoint(position).CopyTo(span[2..]);
        var tail = span[(2 + table.Stride)..];
        BinaryPrimitives.WriteUInt64BigEndian(tail, record.Identity);
        record.PeerId.Write(tail[8..]);
        BinaryPrimitives.WriteUInt32BigEndian(tail[28..], record.LastSeen);
        BinaryPrimitives.WriteUInt16BigEndian(tail[FixedTail..], (ushort)user.Length);
        if (session is not null)
        {
            user.CopyTo(tail[(FixedTail + 2)..]);
            var counters = tail[(FixedTail + 2 + user.Length)..];
            BinaryPrimitives.WriteInt64BigEndian(counters, session.Mark.Uploaded);
            BinaryPrimitives.WriteInt64BigEndian(counters[8..], session.Mark.Downloaded);
        }

        writer.Advance(length);
    }
}
