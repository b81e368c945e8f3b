using Microsoft.Extensions.Options;
using Pbts.Protocol;

namespace Pbts.Hosting.Configuration;

/// <summary>Which totals the ratio gate looks at. Section <c>Ratio</c>.</summary>
public sealed class RatioOptions
{
    public const string Section = "Ratio";

    /// <summary>The text of a <see cref="RatioBasis"/>.</summary>
    public string Basis { get; set; } = RatioBasis.Proven.ToText();
}

/// <summary>Refuses to start on a basis that does not exist.</summary>
public sealed class RatioOptionsValidator : IValidateOptions<RatioOptions>
{
    public ValidateOptionsResult Validate(string? name, RatioOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return EnumText.TryParse<RatioBasis>(options.Basis, out _)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Ratio:Basis is \"{options.Basis}\": it must be proven, proven-upload-claimed-download, claimed or credited.");
    }
}
