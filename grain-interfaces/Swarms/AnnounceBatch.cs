using System.Text;
using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>
/// Announces in one message to a silo, packed: the serializer, general as it is, would take longer for each of them than
/// its swarm does.
/// </summary>
/// <param name="Bytes">The negative version (4 bytes), the number of records (4), one record after the other. The first version had no version before the number, the second no factors.</param>
[GenerateSerializer, Immutable, Alias("pbts.AnnounceBatch")]
public readonly record struct AnnounceBatch([property: Id(0)] byte[] Bytes)
{
    private const int Version = 3;
    private const int UsualLength = 128;

    /// <summary>The sender reads answers of the first version.</summary>
    public bool IsFirstVersion => Bytes is not [_, _, _, > 127, ..];

    public static AnnounceBatch Of(IReadOnlyList<ForwardedAnnounce> announces)
    {
        ArgumentNullException.ThrowIfNull(announces);
        using var stream = new MemoryStream(announces.Count * UsualLength);
        using var writer = new BinaryWriter(stream);
        Span<byte> buffer = stackalloc byte[PeerId.Length];
        writer.Write(-Version);
        writer.Write(announces.Count);
        foreach (var (infoHash, request) in announces)
        {
            writer.Write(infoHash.Span);
            request.Endpoint.WriteCompact(buffer);
            writer.Write((byte)request.Endpoint.CompactLength);
            writer.Write(buffer[..request.Endpoint.CompactLength]);
            request.PeerId.Write(buffer);
            writer.Write(buffer);
            writer.Write(request.Identity);
            writer.Write((byte)request.Event);
            writer.Write(request.Left ?? -1);
            writer.Write(request.Uploaded);
            writer.Write(request.Downloaded);
            writer.Write(request.NumWant);
            writer.Write(request.WithPeerIds);
            writer.Write(request.UserId ?? "");
            writer.Write((short)request.DownloadFactor);
            writer.Write((short)request.UploadFactor);
        }

        return new(stream.ToArray());
    }

    /// <exception cref="NotSupportedException">Another version of PBTS has packed them.</exception>
    public ForwardedAnnounce[] Read()
    {
        using var reader = new BinaryReader(new MemoryStream(Bytes, writable: false), Encoding.UTF8);
        Span<byte> buffer = stackalloc byte[PeerId.Length];
        var announces = new ForwardedAnnounce[PackedVersion.ReadCount(reader, Version, out var version)];
        for (var i = 0; i < announces.Length; i++)
        {
            reader.BaseStream.ReadExactly(buffer);
            var infoHash = InfoHash.From(buffer);
            var length = reader.ReadByte();
            reader.BaseStream.ReadExactly(buffer[..length]);
            var endpoint = new PeerEndpoint(buffer[..(length - 2)], (ushort)((buffer[length - 2] << 8) | buffer[length - 1]));
            reader.BaseStream.ReadExactly(buffer);
            announces[i] = new(infoHash, new AnnounceRequest
            {
                Endpoint = endpoint,
                PeerId = PeerId.Read(buffer),
                Identity = reader.ReadUInt64(),
                Event = (AnnounceEvent)reader.ReadByte(),
                Left = reader.ReadInt64() is >= 0 and var left ? left : null,
                Uploaded = reader.ReadInt64(),
                Downloaded = reader.ReadInt64(),
                NumWant = reader.ReadInt32(),
                WithPeerIds = reader.ReadBoolean(),
                UserId = reader.ReadString() is { Length: > 0 } user ? user : null,
                DownloadFactor = version < 3 ? 100 : reader.ReadInt16(),
                UploadFactor = version < 3 ? 100 : reader.ReadInt16(),
            });
        }

        return announces;
    }
}
