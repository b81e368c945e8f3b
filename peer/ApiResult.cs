using System.Text.Json;

namespace Pbts.Peer;

/// <summary>An answer of the tracker's JSON API.</summary>
/// <param name="Status">HTTP status; 0 when the tracker was not reached.</param>
/// <param name="Body">The JSON, when there is some.</param>
/// <param name="Error">What went wrong; <c>null</c> for a 2xx.</param>
public sealed record ApiResult(int Status, JsonElement? Body, string? Error)
{
    /// <summary>Whether the status is 2xx.</summary>
    public bool IsSuccess => Error is null;

    /// <summary>Whether there was no answer.</summary>
    public bool IsUnreachable => Status == 0;

    /// <summary>The text field of that name; <c>null</c> when there is none.</summary>
    public string? Text(string name) =>
        Body is { ValueKind: JsonValueKind.Object } body && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
