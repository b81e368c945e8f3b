using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Settings;
using Pbts.Protocol;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Dstack;

namespace Pbts.Hosting.Configuration;

/// <summary>Trusted hardware: the one the tracker runs in, and what is asked of the quotes of others. Section <c>Tee</c>.</summary>
public sealed class TeeOptions
{
    public const string Section = "Tee";

    /// <summary>The mode until <c>POST /config</c> sets another: <c>disabled</c>, <c>enabled</c> or <c>benchmark</c>. <c>TEE_MODE</c>.</summary>
    public string Mode { get; set; } = "disabled";

    /// <summary>Socket path of the dstack agent, or the http URL of a simulator; empty: where the agent usually is. <c>DSTACK_SIMULATOR_ENDPOINT</c>.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>Seconds the agent may take to answer one call.</summary>
    public int TimeoutSeconds { get; set; } = 10;

    /// <summary>Collateral for verification: a file, or a folder of <c>*.json</c> files.</summary>
    public string CollateralPath { get; set; } = "";

    /// <summary>The PCCS that is asked for collateral no file has; empty: none. Never taken from a request.</summary>
    public string PccsUrl { get; set; } = "";

    /// <summary>Platform statuses that are accepted, separated by commas; <c>Unknown</c> accepts quotes without collateral.</summary>
    public string AcceptedTcb { get; set; } = "UpToDate";

    /// <summary>Measurements (<c>mrtd</c>, <c>rtmr0</c> … <c>mrsigner</c>) and the values accepted of each, in hex, separated by commas.</summary>
    public Dictionary<string, string> Measurements { get; set; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Accepts quotes of debuggable programs. For development.</summary>
    public bool AllowDebug { get; set; }

    /// <summary>Seconds after which an attestation is too old, unless the verifier asks for another age.</summary>
    public int MaxAgeSeconds { get; set; } = 86_400;

    /// <summary>PEM file of a root certificate to trust in place of Intel's. For simulators: genuine quotes are then refused.</summary>
    public string RootCertificate { get; set; } = "";

    /// <summary>Whether the text names a mode.</summary>
    public static bool IsMode(string mode) => EnumText.TryParse<TeeMode>(mode, out _);

    /// <summary>The statuses accepted; null when one is no status.</summary>
    public HashSet<TcbStatus>? ParseAcceptedTcb()
    {
        var accepted = new HashSet<TcbStatus>();
        foreach (var name in AcceptedTcb.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (int.TryParse(name, out _) || !Enum.TryParse<TcbStatus>(name, ignoreCase: true, out var status) || !Enum.IsDefined(status))
                return null;
            accepted.Add(status);
        }

        return accepted;
    }

    /// <summary>The values accepted of each measurement; null, and the name of the setting that is wrong, when one cannot be read.</summary>
    public Dictionary<string, IReadOnlyList<byte[]>>? ParseMeasurements(out string? wrong)
    {
        wrong = null;
        var measurements = new Dictionary<string, IReadOnlyList<byte[]>>();
        foreach (var (name, text) in Measurements)
        {
            var key = name.ToLowerInvariant();
            var length = key is "mrenclave" or "mrsigner" ? 32 : 48;
            var values = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (!QuotePolicy.MeasurementNames.Contains(key) || values.Length == 0
                || !Array.TrueForAll(values, value => value.Length == 2 * length && value.All(char.IsAsciiHexDigit)))
            {
                wrong = name;
                return null;
            }

            measurements[key] = [.. values.Select(Convert.FromHexString)];
        }

        return measurements;
    }
}

/// <summary>Refuses to start on settings that cannot work.</summary>
public sealed class TeeOptionsValidator : IValidateOptions<TeeOptions>
{
    public ValidateOptionsResult Validate(string? name, TeeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        Check(TeeOptions.IsMode(options.Mode.ToLowerInvariant()), "TEE_MODE (Tee:Mode) must be disabled, enabled or benchmark.");
        Check(options.Endpoint.Length == 0 || DstackClient.IsUrl(options.Endpoint) || (Path.IsPathRooted(options.Endpoint) && options.Endpoint.Length <= 100),
            "DSTACK_SIMULATOR_ENDPOINT (Tee:Endpoint) must be the path of a socket (at most 100 characters) or an http URL.");
        Check(options.TimeoutSeconds is >= 1 and <= 30, $"Tee:TimeoutSeconds is {options.TimeoutSeconds}: it must be 1 to 30.");
        Check(options.CollateralPath.Length == 0 || Path.Exists(options.CollateralPath), "Tee:CollateralPath names neither a file nor a folder.");
        Check(options.PccsUrl.Length == 0 || DstackClient.IsUrl(options.PccsUrl), "Tee:PccsUrl must be an http or https URL.");
        Check(options.ParseAcceptedTcb() is not null, $"Tee:AcceptedTcb must be some of {string.Join(", ", Enum.GetNames<TcbStatus>())}.");
        Check(options.ParseMeasurements(out var wrong) is not null,
            $"Tee:Measurements:{wrong} must be hex values of 32 (mrenclave, mrsigner) or 48 bytes under one of {string.Join(", ", QuotePolicy.MeasurementNames)}.");
        Check(options.MaxAgeSeconds is >= 1 and <= 315_360_000, $"Tee:MaxAgeSeconds is {options.MaxAgeSeconds}: it must be 1 to 315360000.");
        Check(options.RootCertificate.Length == 0 || File.Exists(options.RootCertificate), "Tee:RootCertificate names no file.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool ok, string error)
        {
            if (!ok)
                errors.Add(error);
        }
    }
}
