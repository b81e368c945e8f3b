using Microsoft.Extensions.Options;
using Pbts.Protocol;

namespace Pbts.Hosting.Configuration;

/// <summary>Which totals the ratio gate looks at, and which score. Section <c>Ratio</c>.</summary>
public sealed class RatioOptions
{
    public const string Section = "Ratio";

    /// <summary>The text of a <see cref="RatioBasis"/>.</summary>
    public string Basis { get; set; } = RatioBasis.Proven.ToText();

    /// <summary>Lowest trust score with which a member may download beyond the initial credit, 0 to 1; 0: whoever.</summary>
    public double MinTrust { get; set; }
}

/// <summary>Refuses to start on a basis that does not exist, and on a score that nobody can have.</summary>
public sealed class RatioOptionsValidator : IValidateOptions<RatioOptions>
{
    public ValidateOptionsResult Validate(string? name, RatioOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MinTrust is not (>= 0 and <= 1))
            return ValidateOptionsResult.Fail(FormattableString.Invariant($"Ratio:MinTrust is {options.MinTrust}: it must be 0 to 1."));
        return EnumText.TryParse<RatioBasis>(options.Basis, out _)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Ratio:Basis is \"{options.Basis}\": it must be proven, proven-upload-claimed-download, claimed or credited.");
    }
}
