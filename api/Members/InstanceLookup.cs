using System.Text;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Settings;

namespace Pbts.Api.Members;

/// <summary>Learns the instance id once the cluster answers, so that announces can carry it as <c>tracker id</c>.</summary>
internal sealed partial class InstanceLookup(IGrainFactory grains, TrackerIdentity identity, ILogger<InstanceLookup> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                identity.Bytes = Encoding.ASCII.GetBytes(await grains.GetGrain<ISettingsGrain>(0).GetInstanceIdAsync());
                return;
            }
#pragma warning disable CA1031 // Until the cluster answers, whatever the reason: there is nobody to tell.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                LogWaiting(e.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(LogLevel.Debug, "Waiting for the cluster to tell the instance id: {Problem}")]
    private partial void LogWaiting(string problem);
}
