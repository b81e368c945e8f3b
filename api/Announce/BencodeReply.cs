using System.Buffers;
using System.Net;
using System.Buffers.Text;
using System.Text;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Announce;

/// <summary>Writes tracker answers: bencoded dictionaries with sorted keys, straight into the output buffer.</summary>
internal static class BencodeReply
{
    /// <summary>Seconds a client should wait after a refusal. Clients ignore <c>retry in</c> but honour this.</summary>
    private const int FailureInterval = 300;

    /// <summary>A refusal (BEP 3 <c>failure reason</c>).</summary>
    public static void Failure(IBufferWriter<byte> output, string reason)
    {
        output.Write("d14:failure reason"u8);
        Text(output, reason);
        output.Write("8:interval"u8);
        Integer(output, FailureInterval);
        output.Write("e"u8);
    }

    /// <summary>
    /// A condition that will pass: an empty peer list with a <c>warning message</c>, because clients back off hard from a
    /// failure, and <c>retry in</c> (BEP 31, minutes) for those that know it.
    /// </summary>
    public static void Busy(IBufferWriter<byte> output, string warning)
    {
        output.Write("d8:completei0e10:incompletei0e8:intervali60e12:min intervali30e5:peers0:8:retry in1:115:warning message"u8);
        Text(output, warning);
        output.Write("e"u8);
    }

    /// <summary>An announce answer.</summary>
    /// <param name="external">The caller's address as the tracker sees it (BEP 24).</param>
    public static void Announce(IBufferWriter<byte> output, in AnnounceQuery query, AnnounceReply reply, PeerEndpoint external, int interval, int minInterval, ReadOnlySpan<byte> trackerId)
    {
        output.Write("d8:complete"u8);
        Integer(output, reply.Complete);
        output.Write("11:external ip"u8);
        Span<byte> compact = stackalloc byte[external.CompactLength];
        external.WriteCompact(compact);
        Bytes(output, compact[..^2]);
        output.Write("10:incomplete"u8);
        Integer(output, reply.Incomplete);
        output.Write("8:interval"u8);
        Integer(output, interval);
        output.Write("12:min interval"u8);
        Integer(output, minInterval);
        output.Write("5:peers"u8);
        if (query.Compact)
        {
            Bytes(output, reply.Peers);
            if (reply.Peers6.Length > 0)
            {
                output.Write("6:peers6"u8);
                Bytes(output, reply.Peers6);
            }
        }
        else
        {
            PeerDictionaries(output, reply, query.NoPeerId);
        }

        output.Write("10:tracker id"u8);
        Bytes(output, trackerId);
        output.Write("e"u8);
    }

    /// <summary>One entry of a scrape's <c>files</c> (BEP 48, BEP 21).</summary>
    public static void ScrapeFile(IBufferWriter<byte> output, ReadOnlySpan<byte> infoHash, in SwarmCounts counts)
    {
        Bytes(output, infoHash);
        output.Write("d8:complete"u8);
        Integer(output, counts.Complete);
        output.Write("10:downloaded"u8);
        Integer(output, counts.Downloaded);
        output.Write("11:downloaders"u8);
        Integer(output, counts.Downloaders);
        output.Write("10:incomplete"u8);
        Integer(output, counts.Incomplete);
        output.Write("e"u8);
    }

    public static void ScrapeEnd(IBufferWriter<byte> output, int minInterval)
    {
        output.Write("e5:flagsd20:min_request_interval"u8);
        Integer(output, minInterval);
        output.Write("ee"u8);
    }

    private static void PeerDictionaries(IBufferWriter<byte> output, AnnounceReply reply, bool noPeerId)
    {
        output.Write("l"u8);
        var ids = reply.PeerIds.AsSpan();
        Write(reply.Peers, 4, ref ids);
        Write(reply.Peers6, 16, ref ids);
        output.Write("e"u8);

        void Write(ReadOnlySpan<byte> peers, int addressLength, ref Span<byte> ids)
        {
            for (; peers.Length > 0; peers = peers[(addressLength + 2)..])
            {
                output.Write("d2:ip"u8);
                Text(output, new IPAddress(peers[..addressLength]).ToString());
                if (!noPeerId)
                {
                    output.Write("7:peer id"u8);
                    Bytes(output, ids[..PeerId.Length]);
                    ids = ids[PeerId.Length..];
                }

                output.Write("4:port"u8);
                Integer(output, (peers[addressLength] << 8) | peers[addressLength + 1]);
                output.Write("e"u8);
            }
        }
    }

    private static void Integer(IBufferWriter<byte> output, long value)
    {
        var span = output.GetSpan(24);
        span[0] = (byte)'i';
        Utf8Formatter.TryFormat(value, span[1..], out var digits);
        span[digits + 1] = (byte)'e';
        output.Advance(digits + 2);
    }

    private static void Bytes(IBufferWriter<byte> output, ReadOnlySpan<byte> value)
    {
        var span = output.GetSpan(value.Length + 12);
        Utf8Formatter.TryFormat(value.Length, span, out var digits);
        span[digits] = (byte)':';
        value.CopyTo(span[(digits + 1)..]);
        output.Advance(digits + 1 + value.Length);
    }

    private static void Text(IBufferWriter<byte> output, string value) => Bytes(output, Encoding.UTF8.GetBytes(value));
}
