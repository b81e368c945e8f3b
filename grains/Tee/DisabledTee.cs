using Pbts.Protocol.Tee;

namespace Pbts.Grains.Tee;

/// <summary>Mode <c>disabled</c>: nothing is asked of any machine.</summary>
internal sealed class DisabledTee : ITeeProvider
{
    private const string Problem = "the TEE mode is disabled: set TEE_MODE, or tee_mode with POST /config, to enabled or benchmark";

    public bool DerivesByDefault => false;

    public Task<DstackResult<byte[]>> GetSecretAsync(string path, CancellationToken cancellationToken) => Task.FromResult(new DstackResult<byte[]>(Problem));

    public Task<DstackResult<byte[]>> GetQuoteAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken) =>
        Task.FromResult(new DstackResult<byte[]>(Problem));

    public Task<DstackResult<DstackInfo>> InfoAsync(CancellationToken cancellationToken) => Task.FromResult(new DstackResult<DstackInfo>(Problem));
}
