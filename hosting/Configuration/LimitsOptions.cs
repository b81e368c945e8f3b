using Microsoft.Extensions.Options;

namespace Pbts.Hosting.Configuration;

/// <summary>What callers of the JSON interfaces may spend. Section <c>Limits</c>.</summary>
public sealed class LimitsOptions
{
    public const string Section = "Limits";

    /// <summary>Bytes of request bodies that all callers together have under way.</summary>
    public long BodyBytes { get; set; } = 64 << 20;

    /// <summary>Bytes of request bodies that one address (of IPv6, one /64) has under way.</summary>
    public long BodyBytesPerAddress { get; set; } = 4 << 20;

    /// <summary>Seconds a request's body may take to come in.</summary>
    public int BodySeconds { get; set; } = 30;

    /// <summary>Requests a second that only read and that one address (of IPv6, one /64) may make for long; 0: no limit.</summary>
    public double RequestRate { get; set; } = 50;

    /// <summary>Requests it may make at once.</summary>
    public int RequestBurst { get; set; } = 1000;

    /// <summary>Passkeys and user ids never seen before that one address (of IPv6, one /64) may have looked up a second for long; 0: no limit.</summary>
    public double PasskeyRate { get; set; } = 20;

    /// <summary>Passkeys it may have looked up at once.</summary>
    public int PasskeyBurst { get; set; } = 1000;
}

/// <summary>Refuses to start on limits that make no sense, naming the setting.</summary>
public sealed class LimitsOptionsValidator : IValidateOptions<LimitsOptions>
{
    private const long MiB = 1 << 20;

    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        Check(options.BodyBytes >= 4 * MiB, $"Limits:BodyBytes is {options.BodyBytes}: it must be at least {4 * MiB} (one report of 2 MiB is at most half of what is left).");
        Check(options.BodyBytesPerAddress >= 2 * MiB, $"Limits:BodyBytesPerAddress is {options.BodyBytesPerAddress}: it must be at least {2 * MiB}, one report.");
        Check(options.BodySeconds is >= 1 and <= 3600, $"Limits:BodySeconds is {options.BodySeconds}: it must be 1 to 3600 seconds.");
        Check(options.RequestRate >= 0, $"Limits:RequestRate is {options.RequestRate}: it must be 0 or more a second.");
        Check(options.RequestBurst > 0, $"Limits:RequestBurst is {options.RequestBurst}: it must be positive.");
        Check(options.PasskeyRate >= 0, $"Limits:PasskeyRate is {options.PasskeyRate}: it must be 0 or more a second.");
        Check(options.PasskeyBurst > 0, $"Limits:PasskeyBurst is {options.PasskeyBurst}: it must be positive.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool ok, string error)
        {
            if (!ok)
                errors.Add(error);
        }
    }
}
