using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Operations;

namespace Pbts.Grains.Users;

/// <summary>The silo's threads for verifying signatures.</summary>
internal sealed class SignatureWorkers : IDisposable
{
    private readonly BoundedWorkers _workers;

    public SignatureWorkers(IOptions<ReceiptsOptions> options, IMeterFactory meters)
    {
        _workers = new(options.Value.Verifiers, options.Value.VerifierQueue);
        meters.Create(Telemetry.Name).CreateObservableGauge("pbts.verification.queue", () => Waiting, "{job}", "Reports and registrations that wait for a verifier.");
    }

    /// <inheritdoc cref="BoundedWorkers.Waiting"/>
    public int Waiting => _workers.Waiting;

    /// <inheritdoc cref="BoundedWorkers.TryRun"/>
    public Task<T>? TryRun<T>(Func<T> job) => _workers.TryRun(job);

    public void Dispose() => _workers.Dispose();
}
