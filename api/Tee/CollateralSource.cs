using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Attestation;

namespace Pbts.Api.Tee;

/// <summary>
/// Finds a platform's collateral in the operator's files, else at the operator's PCCS. Nothing of a request but the
/// platform family of a verified certificate (six bytes) has any part in where it looks.
/// </summary>
internal sealed partial class CollateralSource(IOptions<TeeOptions> options, TimeProvider time, ILogger<CollateralSource> logger) : IDisposable
{
    private const int MaxFiles = 256;
    private const int MaxKept = 256;

    /// <summary>For so long what was found, or not found, is not looked for again.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly PccsClient? _pccs = options.Value.PccsUrl.Length > 0 ? new(options.Value.PccsUrl, TimeSpan.FromSeconds(options.Value.TimeoutSeconds)) : null;
    private readonly ConcurrentDictionary<QuotePlatform, (DateTimeOffset Until, Collateral? Collateral)> _found = new();
    private readonly SemaphoreSlim _looking = new(1);

    /// <summary>The collateral; null when there is none.</summary>
    public async Task<Collateral?> FindAsync(QuotePlatform platform, CancellationToken cancellationToken)
    {
        if (options.Value.CollateralPath.Length == 0 && _pccs is null)
            return null;
        if (TryKnown(platform, out var known))
            return known;
        await _looking.WaitAsync(cancellationToken);
        try
        {
            if (TryKnown(platform, out known))
                return known;
            // The newest, where files of several dates lie beside each other.
            var collateral = Files().Where(file => file.IsFor(platform.Kind, Convert.FromHexString(platform.Fmspc))).MaxBy(file => file.NextUpdate);
            var until = time.GetUtcNow() + Kept;
            if (_pccs is not null && !(collateral?.NextUpdate > time.GetUtcNow()))
            {
                // Not the request's token: what is fetched serves the next request too.
                var (fetched, problem) = await _pccs.FetchAsync(platform, CancellationToken.None);
                if (problem is not null)
                    LogPccs(platform.Fmspc, problem);
                // What was had before is good for as long as it says, and the verification looks at that.
                collateral = fetched ?? _found.GetValueOrDefault(platform).Collateral ?? collateral;
                // An hour, or less when it expires; and a service whose answers have expired is not asked for every request either.
                if (fetched?.NextUpdate is { } next && next > until)
                    until = Earlier(next, time.GetUtcNow().AddHours(1));
            }

            if (_found.Count >= MaxKept)
                _found.Clear();
            _found[platform] = (until, collateral);
            return collateral;
        }
        finally
        {
            _looking.Release();
        }
    }

    public void Dispose()
    {
        _pccs?.Dispose();
        _looking.Dispose();
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private bool TryKnown(QuotePlatform platform, out Collateral? collateral)
    {
        var hit = _found.TryGetValue(platform, out var found) && time.GetUtcNow() < found.Until;
        collateral = hit ? found.Collateral : null;
        return hit;
    }

    private IEnumerable<Collateral> Files()
    {
        var path = options.Value.CollateralPath;
        if (path.Length == 0)
            yield break;
        IEnumerable<string> files = Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.json").Order(StringComparer.Ordinal).Take(MaxFiles) : [path];
        foreach (var file in files)
        {
            if (Read(file) is { } collateral)
                yield return collateral;
            else
                LogFile(Path.GetFileName(file));
        }
    }

    private static Collateral? Read(string file)
    {
        try
        {
            return new FileInfo(file).Length <= Collateral.MaxSize && Collateral.TryParse(File.ReadAllText(file), out var collateral) ? collateral : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "No collateral from the PCCS for platform family {Fmspc}: {Problem}")]
    private partial void LogPccs(string fmspc, string problem);

    [LoggerMessage(LogLevel.Warning, "The collateral file {File} cannot be read")]
    private partial void LogFile(string file);
}
