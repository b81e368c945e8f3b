using System.Globalization;
using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;

namespace Pbts.Protocol.Ethereum;

/// <summary>Why a call reverted, read from its return data. Nethereum knows only the first of the two forms, and takes malformed texts.</summary>
public static class RevertReason
{
    private static readonly AbiFunction Error = new("function Error(string message)");
    private static readonly AbiFunction Panic = new("function Panic(uint256 code)");

    /// <summary>
    /// The text of <c>Error(string)</c>, a description of <c>Panic(uint256)</c>, or null when <paramref name="data"/>, in
    /// <c>0x</c> notation, holds neither (none, a custom error, or malformed).
    /// </summary>
    public static string? Decode(string? data)
    {
        if (!data.IsHex())
            return null;
        var bytes = data.HexToByteArray();
        if (Error.TryDecodeCall(bytes, out var error))
            return (string)error[0];
        return Panic.TryDecodeCall(bytes, out var panic) ? Describe((BigInteger)panic[0]) : null;
    }

    /// <summary>Solidity documentation, "Panic via assert and Error via require".</summary>
    private static string Describe(BigInteger code) =>
        $"Panic 0x{code.ToString("x2", CultureInfo.InvariantCulture)}" + (code > 0xff ? "" : (int)code switch
        {
            0x01 => ": assertion failed",
            0x11 => ": arithmetic overflow",
            0x12 => ": division by zero",
            0x32 => ": array index out of range",
            0x41 => ": out of memory",
            _ => "",
        });
}
