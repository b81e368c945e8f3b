using Pbts.GrainInterfaces.Chain;

namespace Pbts.Grains.Chain;

/// <summary>Hands transactions to the grain of this process's key.</summary>
internal sealed class GrainSubmitter(IGrainFactory grains, ChainConnection connection) : IChainSubmitter
{
    public Task<string?> SubmitAsync(ChainSubmission submission) => connection.Key is { } key
        ? grains.GetGrain<IChainAccountGrain>(key.Address.ToString()).SubmitAsync(submission)
        : Task.FromResult<string?>("No signing key is configured (PK0).");

    public Task ResumeAsync() => connection.Key is { } key
        ? grains.GetGrain<IChainAccountGrain>(key.Address.ToString()).WaitAsync(Guid.Empty, TimeSpan.Zero)
        : Task.CompletedTask;
}
