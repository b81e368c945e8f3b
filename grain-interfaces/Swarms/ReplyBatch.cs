namespace Pbts.GrainInterfaces.Swarms;

/// <summary>The answers to an <see cref="AnnounceBatch"/>, in its order, packed.</summary>
/// <param name="Bytes">Version and number as in an <see cref="AnnounceBatch"/>, then one record after the other; a first byte of 0 is null.</param>
[GenerateSerializer, Immutable, Alias("pbts.ReplyBatch")]
public readonly record struct ReplyBatch([property: Id(0)] byte[] Bytes)
{
    private const int Version = 2;
    private const int UsualLength = 384;

    /// <param name="firstVersion">For a reader that knows the first version only.</param>
    public static ReplyBatch Of(IReadOnlyList<AnnounceReply?> replies, bool firstVersion = false)
    {
        ArgumentNullException.ThrowIfNull(replies);
        using var stream = new MemoryStream(replies.Count * UsualLength);
        using var writer = new BinaryWriter(stream);
        if (!firstVersion)
            writer.Write(-Version);
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

    /// <exception cref="NotSupportedException">Another version of PBTS has packed them.</exception>
    public AnnounceReply?[] Read()
    {
        using var reader = new BinaryReader(new MemoryStream(Bytes, writable: false));
        var replies = new AnnounceReply?[PackedVersion.ReadCount(reader, Version)];
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
