using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Grains.Operations;

/// <summary>Says at the start of a silo which settings let callers decide what nobody has signed.</summary>
internal sealed partial class OpenDoors(IOptions<ReceiptsOptions> receipts, ILogger<OpenDoors> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (receipts.Value.Unregistered == ReceiptsOptions.Claimed)
            LogClaimed(receipts.Value.MaxPieceSize);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(LogLevel.Warning, "Receipts:Unregistered is claimed: a receipt for a torrent that is not registered is worth what its reporter says, up to {Bytes} bytes, so uploaders name their own price")]
    private partial void LogClaimed(long bytes);
}
