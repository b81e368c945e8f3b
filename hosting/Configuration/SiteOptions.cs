using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>The software of a site that tells this tracker what it used to tell its own. Section <c>Site</c>.</summary>
public sealed class SiteOptions
{
    public const string Section = "Site";

    /// <summary>The key by which UNIT3D calls, in the paths <c>/announce/KEY/…</c>; empty: nobody does.</summary>
    public string Unit3dKey { get; set; } = "";

    /// <summary>The secret by which Gazelle calls, in the paths <c>/SECRET/update</c> and <c>/SECRET/report</c>; empty: nobody does.</summary>
    public string OcelotKey { get; set; } = "";
}

/// <summary>Refuses to start on keys that could be guessed, or that are no part of a path.</summary>
public sealed class SiteOptionsValidator : IValidateOptions<SiteOptions>
{
    private const int MinKey = 32;
    private const int MaxKey = 256;

    public ValidateOptionsResult Validate(string? name, SiteOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        foreach (var (setting, key) in (ReadOnlySpan<(string, string)>)[("Unit3dKey", options.Unit3dKey), ("OcelotKey", options.OcelotKey)])
        {
            if (key.Length is > 0 and < MinKey)
                errors.Add($"Site:{setting} is too short: it must have at least {MinKey} characters.");
            if (key.Length > MaxKey)
                errors.Add($"Site:{setting} is too long: it must have at most {MaxKey} characters.");
            if (!key.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_'))
                errors.Add($"Site:{setting} must be of letters, digits, - and _: it is part of a path.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
