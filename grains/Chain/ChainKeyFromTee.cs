using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Pbts.Grains.Tee;
using Pbts.Protocol.Tee;

namespace Pbts.Grains.Chain;

/// <summary>Where no PK0 is configured and the tracker runs in a trusted machine, takes the signing key from it before any grain works.</summary>
internal sealed partial class ChainKeyFromTee(ChainConnection connection, TeeProviders providers, ILogger<ChainKeyFromTee> logger)
    : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle observer) => observer.Subscribe(nameof(ChainKeyFromTee), ServiceLifecycleStage.ApplicationServices, TakeAsync);

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        var (mode, provider) = await providers.CurrentAsync();
        if (connection.Key is not null || mode == "disabled") return;
        var (secret, error) = await provider.GetSecretAsync(TeeKeys.EthereumPath, cancellationToken);
        if (secret is null)
        {
            LogNone(error!);
            return;
        }

        connection.Key = TeeKeys.Ethereum(secret, TeeKeys.EthereumPath);
        CryptographicOperations.ZeroMemory(secret);
        LogTaken(connection.Key.Address.ToString());
    }

    [LoggerMessage(LogLevel.Information, "The chain is written to as {Address}, a key of the trusted machine")]
    private partial void LogTaken(string address);

    [LoggerMessage(LogLevel.Warning, "The chain is only read: there is no PK0, and the trusted machine gives no key: {Problem}")]
    private partial void LogNone(string problem);
}
