using Pbts.Protocol;
using Pbts.Protocol.Dstack;

namespace Pbts.Grains.Tee;

/// <summary>Mode <c>disabled</c>: nothing is asked of any machine.</summary>
internal sealed class DisabledTee : ITeeProvider
{
    private static readonly Problem Disabled = new(
        ProblemKind.NotConfigured, "the TEE mode is disabled: set TEE_MODE, or tee_mode with POST /config, to enabled or benchmark");

    public bool DerivesByDefault => false;

    public Task<Outcome<byte[]>> GetSecretAsync(string path, CancellationToken cancellationToken) => Task.FromResult(new Outcome<byte[]>(Disabled));

    public Task<Outcome<byte[]>> GetQuoteAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken) =>
        Task.FromResult(new Outcome<byte[]>(Disabled));

    public Task<Outcome<DstackInfo>> InfoAsync(CancellationToken cancellationToken) => Task.FromResult(new Outcome<DstackInfo>(Disabled));
}
