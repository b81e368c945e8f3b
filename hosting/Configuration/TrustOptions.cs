using Microsoft.Extensions.Options;
using Pbts.Protocol.Trust;

namespace Pbts.Hosting.Configuration;

/// <summary>How trust scores are computed (docs/trust.md). Section <c>Trust</c>.</summary>
public sealed class TrustOptions
{
    public const string Section = "Trust";

    /// <summary>Seconds from one computation to the next; 0: only when it is asked for.</summary>
    public int Interval { get; set; } = 86400;

    /// <summary>See <see cref="TrustParameters.Decay"/>.</summary>
    public double Decay { get; set; } = TrustParameters.Default.Decay;

    /// <summary>See <see cref="TrustParameters.Passage"/>.</summary>
    public double Passage { get; set; } = TrustParameters.Default.Passage;

    /// <summary>See <see cref="TrustParameters.FullVoice"/>.</summary>
    public long FullVoice { get; set; } = TrustParameters.Default.FullVoice;

    /// <summary>Most pairs of members that dealt with each other; a silo needs up to 100 bytes of memory for each while it computes.</summary>
    public int MaxEdges { get; set; } = 20_000_000;

    /// <summary>What the walks are bound by.</summary>
    public TrustParameters Parameters => new() { Decay = Decay, Passage = Passage, FullVoice = FullVoice };
}

/// <summary>Refuses to start on what makes no sense, naming the setting.</summary>
public sealed class TrustOptionsValidator : IValidateOptions<TrustOptions>
{
    private const int LeastInterval = 60;
    private const int MostInterval = 366 * 86400;
    private const double LeastDecay = 0.05;
    private const double MostDecay = 0.95;
    private const int MostEdges = 200_000_000;

    public ValidateOptionsResult Validate(string? name, TrustOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        if (options.Interval is not (0 or (>= LeastInterval and <= MostInterval)))
            errors.Add($"Trust:Interval is {options.Interval}: it must be 0 or {LeastInterval} to {MostInterval} seconds.");
        if (options.Decay is not (>= LeastDecay and <= MostDecay))
            errors.Add(FormattableString.Invariant($"Trust:Decay is {options.Decay}: it must be {LeastDecay} to {MostDecay}."));
        if (options.Passage is not (> 0 and <= 1000))
            errors.Add(FormattableString.Invariant($"Trust:Passage is {options.Passage}: it must be above 0 and at most 1000."));
        if (options.FullVoice < 1)
            errors.Add($"Trust:FullVoice is {options.FullVoice}: it must be 1 or more bytes.");
        if (options.MaxEdges is < 1 or > MostEdges)
            errors.Add($"Trust:MaxEdges is {options.MaxEdges}: it must be 1 to {MostEdges}.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
