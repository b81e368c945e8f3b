using Pbts.Protocol;
using Pbts.Protocol.Dstack;

namespace Pbts.Grains.Tee;

/// <summary>Modes <c>enabled</c> and <c>benchmark</c>: the dstack agent of the machine this silo is in.</summary>
internal sealed class DstackTee(DstackClient client, bool derivesByDefault) : ITeeProvider
{
    /// <summary>Part of the agent's signature over a key, not of the key.</summary>
    private const string Purpose = "signature";

    public bool DerivesByDefault => derivesByDefault;

    public Task<Outcome<byte[]>> GetSecretAsync(string path, CancellationToken cancellationToken) => client.GetKeyAsync(path, Purpose, cancellationToken);

    public Task<Outcome<byte[]>> GetQuoteAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken) =>
        client.GetQuoteAsync(reportData, cancellationToken);

    public Task<Outcome<DstackInfo>> InfoAsync(CancellationToken cancellationToken) => client.InfoAsync(cancellationToken);
}
