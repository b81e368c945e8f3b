using Pbts.Protocol;
using Pbts.Protocol.Dstack;

namespace Pbts.Grains.Tee;

/// <summary>The trusted machine as one mode sees it.</summary>
internal interface ITeeProvider
{
    /// <summary>Whether keys come from the machine when nobody says where from.</summary>
    bool DerivesByDefault { get; }

    /// <summary>The secret of a path, 32 bytes.</summary>
    Task<Outcome<byte[]>> GetSecretAsync(string path, CancellationToken cancellationToken = default);

    Task<Outcome<byte[]>> GetQuoteAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken = default);

    /// <summary>Also tells whether the machine answers at all.</summary>
    Task<Outcome<DstackInfo>> InfoAsync(CancellationToken cancellationToken = default);
}
