using System.Text.Json;

namespace Pbts.Peer;

/// <summary>An answer of the tracker's JSON API.</summary>
/// <param name="Status">HTTP status; 0 when the tracker was not reached.</param>
/// <param name="Body">The JSON, when there is some.</param>
/// <param name="Error">What went wrong; <c>null</c> for a 2xx.</param>
internal sealed record ApiResult(int Status, JsonElement? Body, string? Error)
{
    public bool IsSuccess => Error is null;

    public bool IsUnreachable => Status == 0;

    public string? Text(string name) =>
        Body is { ValueKind: JsonValueKind.Object } body && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
