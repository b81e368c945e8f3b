using System.Net;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>The native API as a site's software calls it.</summary>
internal static class SiteClient
{
    /// <summary>An answer that has to be 200.</summary>
    public static async Task<JsonObject> SiteAsync(this NodeProcess front, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        var (status, answer) = await front.TrySiteAsync(method, path, body, headers);
        Assert.True(status == HttpStatusCode.OK, $"{method} {path}: {(int)status} {answer.ToJsonString()}");
        return answer;
    }

    public static Task<(HttpStatusCode Status, JsonObject Answer)> TrySiteAsync(this NodeProcess front, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers) =>
        front.Http.CallAsync(method, $"/api/v1/{path}", body is null ? null : JsonClient.Json(body), headers);

    /// <summary>All rows of a list, page by page, and how many pages it took.</summary>
    public static async Task<(List<JsonNode> Rows, int Pages)> AllAsync(this NodeProcess front, string path, string list, int limit)
    {
        var (rows, pages) = (new List<JsonNode>(), 0);
        for (string? next = null; pages == 0 || next is not null; pages++)
        {
            var query = $"{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}limit={limit}{(next is null ? "" : $"&after={Uri.EscapeDataString(next)}")}";
            var page = await front.SiteAsync(HttpMethod.Get, path + query);
            var found = page[list]!.AsArray();
            Assert.True(found.Count <= limit);
            rows.AddRange(found.Select(row => row!));
            next = (string?)page["next"];
        }

        return (rows, pages);
    }

    /// <summary>That a row has these fields and no others of the same name.</summary>
    public static void AssertHas(JsonNode row, string expected)
    {
        foreach (var (name, value) in JsonNode.Parse(expected)!.AsObject())
            Assert.True(JsonNode.DeepEquals(value, row[name]), $"{name} is {row[name]?.ToJsonString() ?? "null"}, not {value?.ToJsonString() ?? "null"}: {row.ToJsonString()}");
    }
}
