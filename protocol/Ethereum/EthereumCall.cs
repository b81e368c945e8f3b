using System.Numerics;
using System.Text.Json.Nodes;

namespace Pbts.Protocol.Ethereum;

/// <summary>A message call to simulate.</summary>
/// <param name="From">The sender, whose rights apply.</param>
/// <param name="To">The contract; null simulates a creation.</param>
/// <param name="Data">Call data or init code.</param>
public sealed record EthereumCall(EthereumAddress? From, EthereumAddress? To, ReadOnlyMemory<byte> Data)
{
    /// <summary>Wei sent along.</summary>
    public BigInteger Value { get; init; }

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["data"] = EthereumHex.Format(Data.Span) };
        if (From is { } from) json["from"] = from.ToString();
        if (To is { } to) json["to"] = to.ToString();
        if (!Value.IsZero) json["value"] = JsonRpcQuantity.Format(Value);
        return json;
    }
}
