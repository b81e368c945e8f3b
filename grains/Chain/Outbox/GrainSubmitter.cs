using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>Hands transactions to the grain of this process's key.</summary>
internal sealed class GrainSubmitter(IGrainFactory grains, ChainConnection connection) : IChainSubmitter
{
    private IChainAccountGrain? Account => connection.Key is { } key ? grains.GetGrain<IChainAccountGrain>(key.Address.ToString()) : null;

    public async Task<Problem?> SubmitAsync(ChainSubmission submission)
    {
        if (Account is not { } account)
            return new(ProblemKind.NotConfigured, "No signing key is configured (PK0).");
        return await account.SubmitAsync(submission) is { } refusal ? new(ProblemKind.Unavailable, refusal) : null;
    }

    public Task ResumeAsync() => Account?.WaitAsync(Guid.Empty, TimeSpan.Zero) ?? Task.CompletedTask;
}
