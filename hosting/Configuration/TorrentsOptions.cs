using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Whose swarms are served.</summary>
public enum TorrentAccess
{
    /// <summary>Those of all torrents.</summary>
    Open,

    /// <summary>Those of registered torrents.</summary>
    Registered,
}

/// <summary>Registered torrents. Section <c>Torrents</c>.</summary>
public sealed class TorrentsOptions
{
    public const string Section = "Torrents";

    /// <summary>Read by silos, once in the life of a swarm.</summary>
    public TorrentAccess Access { get; set; }

    /// <summary>How many times its size one receiver may be debited for a registered torrent, by all senders together.</summary>
    public double MaxDownloadFactor { get; set; } = 2;

    /// <summary>Torrents that one member may register.</summary>
    public int PerMember { get; set; } = 1000;
}

/// <summary>Refuses to start on what makes no sense, naming the setting.</summary>
public sealed class TorrentsOptionsValidator : IValidateOptions<TorrentsOptions>
{
    public ValidateOptionsResult Validate(string? name, TorrentsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return !Enum.IsDefined(options.Access) ? ValidateOptionsResult.Fail($"Torrents:Access is {options.Access}: it must be open or registered.")
            : options.PerMember < 0 ? ValidateOptionsResult.Fail($"Torrents:PerMember is {options.PerMember}: it must be 0 or more.")
            : options.MaxDownloadFactor is >= 1 and <= 1000 ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Torrents:MaxDownloadFactor is {options.MaxDownloadFactor}: it must be 1 to 1000.");
    }
}
