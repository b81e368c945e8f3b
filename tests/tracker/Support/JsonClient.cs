using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Pbts.Tracker.Tests.Support;

/// <summary>JSON over HTTP as a script would do it.</summary>
internal static class JsonClient
{
    public static Task<(HttpStatusCode Status, JsonObject Answer)> PostAsync(this HttpClient tracker, string path, JsonNode body) =>
        tracker.PostTextAsync(path, body.ToJsonString());

    /// <summary>Posts any text under any content type.</summary>
    public static async Task<(HttpStatusCode Status, JsonObject Answer)> PostTextAsync(
        this HttpClient tracker, string path, string body, string contentType = "application/json", params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, contentType) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await SendAsync(tracker, request);
    }

    public static async Task<(HttpStatusCode Status, JsonObject Answer)> GetJsonAsync(this HttpClient tracker, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await SendAsync(tracker, request);
    }

    /// <summary>Any method, with JSON, a file or nothing as the body.</summary>
    public static async Task<(HttpStatusCode Status, JsonObject Answer)> CallAsync(
        this HttpClient tracker, HttpMethod method, string path, HttpContent? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await SendAsync(tracker, request);
    }

    public static HttpContent Json(string text) => new StringContent(text, Encoding.UTF8, "application/json");

    public static async Task<string> InstanceIdAsync(this HttpClient tracker) => (string)(await tracker.GetJsonAsync("/config")).Answer["instance_id"]!;

    /// <summary>The statuses of a report's receipts in order.</summary>
    public static string[] Statuses(this JsonObject answer) => [.. answer["results"]!.AsArray().Select(result => (string)result!["status"]!)];

    private static async Task<(HttpStatusCode Status, JsonObject Answer)> SendAsync(HttpClient tracker, HttpRequestMessage request)
    {
        using var response = await tracker.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        try
        {
            return (response.StatusCode, JsonNode.Parse(text)!.AsObject());
        }
        catch (System.Text.Json.JsonException)
        {
            throw new InvalidOperationException($"{request.RequestUri}: {(int)response.StatusCode} with a body that is no JSON: {text}");
        }
    }
}
