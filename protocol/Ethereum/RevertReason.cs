using System.Globalization;
using System.Numerics;

namespace Pbts.Protocol.Ethereum;

/// <summary>Why a call reverted, read from its return data.</summary>
public static class RevertReason
{
    private static readonly AbiFunction Error = new("Error(string)");
    private static readonly AbiFunction Panic = new("Panic(uint256)");

    /// <summary>
    /// The text of <c>Error(string)</c>, a description of <c>Panic(uint256)</c>, or null when the data holds neither
    /// (none, a custom error, or malformed).
    /// </summary>
    public static string? Decode(ReadOnlySpan<byte> data)
    {
        if (Error.TryDecodeCall(data, out var error)) return (string)error[0];
        return TryDecodePanic(data, out var code) ? $"Panic 0x{code.ToString("x2", CultureInfo.InvariantCulture)}{Describe(code)}" : null;
    }

    /// <summary>The code of <c>Panic(uint256)</c> (Solidity documentation, "Panic via assert and Error via require").</summary>
    public static bool TryDecodePanic(ReadOnlySpan<byte> data, out BigInteger code)
    {
        code = default;
        if (!Panic.TryDecodeCall(data, out var panic)) return false;
        code = (BigInteger)panic[0];
        return true;
    }

    private static string Describe(BigInteger code) => code > 0xff ? "" : (int)code switch
    {
        0x01 => ": assertion failed",
        0x11 => ": arithmetic overflow",
        0x12 => ": division by zero",
        0x32 => ": array index out of range",
        0x41 => ": out of memory",
        _ => "",
    };
}
