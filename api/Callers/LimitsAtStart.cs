using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Callers;

/// <summary>Says once in the log what callers may do here: the first thing to look at when one was refused.</summary>
internal sealed partial class LimitsAtStart(
    IOptions<TrackerOptions> tracker, IOptions<ReceiptsOptions> receipts, IOptions<LimitsOptions> limits, ILogger<LimitsAtStart> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var (announces, reports, others) = (tracker.Value, receipts.Value, limits.Value);
        string[] rates =
        [
            Rate("announces", announces.AnnounceRate, announces.AnnounceBurst),
            Rate("scraped info hashes", announces.ScrapeRate, announces.ScrapeBurst),
            Rate("new passkeys", others.PasskeyRate, others.PasskeyBurst),
            Rate("changes and reports", reports.ReportRate, reports.ReportBurst),
            Rate("requests", others.RequestRate, others.RequestBurst),
        ];
        string[] peers = [Hourly("as a leecher", announces.PeersAsLeecher), Hourly("as a seeder", announces.PeersAsSeeder)];
        LogLimits(string.Join(", ", rates), string.Join(", ", peers), others.BodyBytesPerAddress >> 20, others.BodyBytes >> 20, others.BodySeconds);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static string Hourly(string what, int entries) => entries > 0 ? FormattableString.Invariant($"{what} {entries} an hour") : $"{what} without limit";

    private static string Rate(string what, double rate, int burst) =>
        rate > 0 ? FormattableString.Invariant($"{what} {rate} a second and {burst} at once") : $"{what} without limit";

    [LoggerMessage(LogLevel.Information, "Limits of one address (IPv6: one /64): {Rates}, bodies {PerAddress} MiB; bodies of all {All} MiB, each within {Seconds} s; entries of peer lists of one member {Peers}")]
    private partial void LogLimits(string rates, string peers, long perAddress, long all, int seconds);
}
