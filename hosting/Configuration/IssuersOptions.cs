using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>What is believed of other trackers without the list of issuers, and how long this one's passports are good. Section <c>Issuers</c>.</summary>
public sealed class IssuersOptions
{
    public const string Section = "Issuers";

    /// <summary>
    /// Whether what the active contract's referrers say of a newcomer with its key goes into its totals. If not, it counts as far as the
    /// list of issuers has the contract that says it.
    /// </summary>
    public bool Referrers { get; set; } = true;

    /// <summary>Days that a passport is good.</summary>
    public int PassportDays { get; set; } = 365;
}

/// <summary>Refuses to start on what makes no sense, naming the setting.</summary>
public sealed class IssuersOptionsValidator : IValidateOptions<IssuersOptions>
{
    public ValidateOptionsResult Validate(string? name, IssuersOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.PassportDays is >= 1 and <= 3650 ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Issuers:PassportDays is {options.PassportDays}: it must be 1 to 3650 days.");
    }
}
