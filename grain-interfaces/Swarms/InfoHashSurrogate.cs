using Pbts.Protocol.Receipts;

namespace Pbts.GrainInterfaces.Swarms;

/// <summary>How an <see cref="InfoHash"/> travels between processes: as the same 20 bytes that a <see cref="PeerId"/> has.</summary>
[GenerateSerializer, Immutable, Alias("pbts.InfoHash")]
public struct InfoHashSurrogate
{
    [Id(0)]
    public PeerId Bytes { get; set; }
}

/// <summary>Converts to and from <see cref="InfoHashSurrogate"/>.</summary>
[RegisterConverter]
public sealed class InfoHashConverter : IConverter<InfoHash, InfoHashSurrogate>
{
    public InfoHash ConvertFromSurrogate(in InfoHashSurrogate surrogate)
    {
        Span<byte> bytes = stackalloc byte[InfoHash.Length];
        surrogate.Bytes.Write(bytes);
        return InfoHash.From(bytes);
    }

    public InfoHashSurrogate ConvertToSurrogate(in InfoHash value) => new() { Bytes = PeerId.Read(value.Span) };
}
