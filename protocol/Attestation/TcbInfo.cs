using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Pbts.Protocol.Attestation;

/// <summary>Intel's list of a platform family's levels (PCS API version 4, "TCB info", versions 2 and 3).</summary>
internal sealed record TcbInfo(
    string Id, int Version, byte[] Fmspc, byte[] PceId, DateTimeOffset IssueDate, DateTimeOffset NextUpdate,
    IReadOnlyList<TcbLevel> Levels, TdxModule? Module, IReadOnlyList<TdxModule> ModuleIdentities)
{
    public static bool TryParse(string json, [NotNullWhen(true)] out TcbInfo? info) => CollateralJson.TryRead(json, Read, out info);

    /// <summary>The rating of a platform; null when it reaches no level.</summary>
    /// <param name="pck">The platform as its PCK certificate has it.</param>
    /// <param name="td">The body of a TDX quote; null for SGX.</param>
    public TcbRating? Rate(PckExtension pck, TdReport? td)
    {
        foreach (var level in Levels)
        {
            if (pck.PceSvn < level.PceSvn || !Reaches(pck.Components, level.Sgx))
                continue;
            // From module 1.5 on the first two numbers are the module's own and are rated by its identity.
            if (td is not null && !Reaches(td.TcbSvn[(td.TcbSvn[1] > 0 ? 2 : 0)..], level.Tdx.AsSpan(td.TcbSvn[1] > 0 ? 2 : 0)))
                continue;
            return level.Rating;
        }

        return null;
    }

    /// <summary>The rating of the TDX module, or what is wrong with it.</summary>
    public TcbRating? RateModule(TdReport td, out string? problem)
    {
        var version = td.TcbSvn[1];
        var id = string.Create(CultureInfo.InvariantCulture, $"TDX_{version:X2}");
        var expected = version > 0 ? ModuleIdentities.FirstOrDefault(module => module.Id.Equals(id, StringComparison.OrdinalIgnoreCase)) : Module;
        problem = expected is null ? $"the collateral does not know TDX module {id}"
            : !td.MrSignerSeam.SequenceEqual(expected.MrSigner) ? "the TDX module has another signer"
            : !CollateralJson.Matches(td.SeamAttributes, expected.Attributes, expected.AttributesMask) ? "the TDX module has other attributes"
            : null;
        if (problem is not null || version == 0)
            return problem is null ? new(TcbStatus.UpToDate, []) : null;
        var svn = td.TcbSvn[0];
        var rating = expected!.Levels.FirstOrDefault(level => svn >= level.Svn)?.Rating;
        problem = rating is null ? $"TDX module {id} of security version {svn} is below every known level" : null;
        return rating;
    }

    private static TcbInfo Read(JsonElement json)
    {
        var isTdx = json.GetProperty("id").GetString() == "TDX";
        var levels = json.GetProperty("tcbLevels").EnumerateArray().Select(level =>
        {
            var tcb = level.GetProperty("tcb");
            return new TcbLevel(Svns(tcb, "sgxtcbcomponents"), tcb.GetProperty("pcesvn").GetUInt16(), isTdx ? Svns(tcb, "tdxtcbcomponents") : [], CollateralJson.Rating(level));
        });
        var version = json.GetProperty("version").GetInt32();
        if (version is not (2 or 3))
            throw new FormatException("TCB info of an unknown version");
        return new TcbInfo(
            CollateralJson.Text(json, "id"), version,
            CollateralJson.Hex(json, "fmspc", 6), CollateralJson.Hex(json, "pceId", 2),
            json.GetProperty("issueDate").GetDateTimeOffset(), json.GetProperty("nextUpdate").GetDateTimeOffset(),
            // Highest first, whatever the order they come in.
            [.. levels.OrderByDescending(level => Convert.ToHexString(level.Sgx), StringComparer.Ordinal).ThenByDescending(level => level.PceSvn)
                .ThenByDescending(level => Convert.ToHexString(level.Tdx), StringComparer.Ordinal)],
            json.TryGetProperty("tdxModule", out var module) ? ReadModule(module, "") : null,
            json.TryGetProperty("tdxModuleIdentities", out var identities)
                ? [.. identities.EnumerateArray().Select(identity => ReadModule(identity, CollateralJson.Text(identity, "id")))] : []);
    }

    private static TdxModule ReadModule(JsonElement json, string id) => new(
        id, CollateralJson.Hex(json, "mrsigner", 48), CollateralJson.Hex(json, "attributes", 8), CollateralJson.Hex(json, "attributesMask", 8),
        CollateralJson.Levels(json));

    private static byte[] Svns(JsonElement tcb, string name)
    {
        byte[] svns = [.. tcb.GetProperty(name).EnumerateArray().Select(component => component.GetProperty("svn").GetByte())];
        return svns.Length == 16 ? svns : throw new FormatException($"{name} must have 16 elements");
    }

    private static bool Reaches(ReadOnlySpan<byte> has, ReadOnlySpan<byte> needs)
    {
        for (var i = 0; i < needs.Length; i++)
        {
            if (has[i] < needs[i])
                return false;
        }

        return true;
    }
}
