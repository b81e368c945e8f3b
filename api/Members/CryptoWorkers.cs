using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Api.Members;

/// <summary>The front end's threads for signatures.</summary>
internal sealed class CryptoWorkers(IOptions<ReceiptsOptions> options) : IDisposable
{
    private readonly BoundedWorkers _workers = new(options.Value.Verifiers, options.Value.VerifierQueue);

    /// <inheritdoc cref="BoundedWorkers.TryRun"/>
    public Task<T>? TryRun<T>(Func<T> job) => _workers.TryRun(job);

    public void Dispose() => _workers.Dispose();
}
