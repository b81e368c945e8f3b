namespace Pbts.GrainInterfaces.Swarms;

/// <summary>The answers to an <see cref="AnnounceBatch"/>, in its order, packed.</summary>
/// <param name="Bytes">One record after the other; a first byte of 0 is null.</param>
[GenerateSerializer, Immutable, Alias("pbts.ReplyBatch")]
public readonly record struct ReplyBatch([property: Id(0)] byte[] Bytes)
{
    private const int UsualLength = 384;

    public static ReplyBatch Of(IReadOnlyList<AnnounceReply?> replies)
    {
        ArgumentNullException.ThrowIfNull(replies);
        using var stream = new MemoryStream(replies.Count * UsualLength);
        using var writer = new BinaryWriter(stream);
        writer.Write(replies.Count);
        foreach (var reply in replies)
        {
            writer.Write(reply is not null);
            if (reply is null)
                continue;
            writer.Write(reply.Complete);
            writer.Write(reply.Incomplete);
            foreach (var bytes in (ReadOnlySpan<byte[]>)[reply.Peers, reply.Peers6, reply.PeerIds])
            {
                writer.Write7BitEncodedInt(bytes.Length);
                writer.Write(bytes);
            }
        }

        return new(stream.ToArray());
    }

    public AnnounceReply?[] Read()
    {
        using var reader = new BinaryReader(new MemoryStream(Bytes, writable: false));
        var replies = new AnnounceReply?[reader.ReadInt32()];
        for (var i = 0; i < replies.Length; i++)
        {
            if (!reader.ReadBoolean())
                continue;
            replies[i] = new AnnounceReply
            {
                Complete = reader.ReadInt32(),
                Incomplete = reader.ReadInt32(),
                Peers = reader.ReadBytes(reader.Read7BitEncodedInt()),
                Peers6 = reader.ReadBytes(reader.Read7BitEncodedInt()),
                PeerIds = reader.ReadBytes(reader.Read7BitEncodedInt()),
            };
        }

        return replies;
    }
}
