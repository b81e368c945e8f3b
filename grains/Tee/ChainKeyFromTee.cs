using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pbts.GrainInterfaces.Settings;
using Pbts.Grains.Chain;
using Pbts.Protocol;
using Pbts.Protocol.Dstack;

namespace Pbts.Grains.Tee;

/// <summary>
/// Where no PK0 is configured and the tracker runs in a trusted machine, takes the signing key from it: before any grain
/// works, or as soon as the mode is switched on or the agent begins to answer.
/// </summary>
internal sealed partial class ChainKeyFromTee(ChainConnection connection, TeeProviders providers, ChainStartup startup, ILogger<ChainKeyFromTee> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stopping = new();
    private Problem? _problem;

    public void Participate(ISiloLifecycle observer)
    {
        observer.Subscribe(nameof(ChainKeyFromTee), ServiceLifecycleStage.ApplicationServices, _ => TakeAsync());
        observer.Subscribe(nameof(ChainKeyFromTee), ServiceLifecycleStage.Active, _ =>
        {
            if (connection.Key is null)
                WaitAsync().Ignore();
            return Task.CompletedTask;
        }, _ => _stopping.CancelAsync());
    }

    public void Dispose() => _stopping.Dispose();

    private async Task WaitAsync()
    {
        using var timer = new PeriodicTimer(Period);
        while (connection.Key is null && await timer.WaitForNextTickAsync(_stopping.Token))
        {
            await TakeAsync();
            if (connection.Key is not null)
                startup.Wake();
        }
    }

    private async Task TakeAsync()
    {
        var (mode, provider) = await providers.CurrentAsync();
        if (connection.Key is not null || mode == TeeMode.Disabled)
            return;
        if (!(await provider.GetSecretAsync(TeeKeys.EthereumPath, _stopping.Token)).TryGet(out var secret, out var problem))
        {
            if (_problem != problem)
                LogNone(problem.Text);
            _problem = problem;
            return;
        }

        var key = TeeKeys.Ethereum(secret, TeeKeys.EthereumPath);
        CryptographicOperations.ZeroMemory(secret);
        LogTaken(key.Address.ToString());
        connection.Key = key;
    }

    [LoggerMessage(LogLevel.Information, "The chain is written to as {Address}, a key of the trusted machine")]
    private partial void LogTaken(string address);

    [LoggerMessage(LogLevel.Warning, "The chain is only read until the trusted machine gives a key, as there is no PK0: {Problem}")]
    private partial void LogNone(string problem);
}
