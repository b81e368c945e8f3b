using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>Which totals the ratio gate looks at. Section <c>Ratio</c>.</summary>
public sealed class RatioOptions
{
    public const string Section = "Ratio";

    /// <summary>What receipts prove, both ways.</summary>
    public const string Proven = "proven";

    /// <summary>Uploads as receipts prove them, downloads as soon as the client admits them.</summary>
    public const string ProvenUploadClaimedDownload = "proven-upload-claimed-download";

    /// <summary>What clients say, both ways.</summary>
    public const string Claimed = "claimed";

    /// <summary>One of the three.</summary>
    public string Basis { get; set; } = Proven;
}

/// <summary>Refuses to start on a basis that does not exist.</summary>
public sealed class RatioOptionsValidator : IValidateOptions<RatioOptions>
{
    public ValidateOptionsResult Validate(string? name, RatioOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Basis is RatioOptions.Proven or RatioOptions.ProvenUploadClaimedDownload or RatioOptions.Claimed
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Ratio:Basis is \"{options.Basis}\": it must be {RatioOptions.Proven}, {RatioOptions.ProvenUploadClaimedDownload} or {RatioOptions.Claimed}.");
    }
}
