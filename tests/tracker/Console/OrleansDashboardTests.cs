using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Console;

/// <summary>Orleans' own dashboard: there where it is asked for, and for the operator alone.</summary>
public sealed class OrleansDashboardTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "an-administration-token-for-tests";

    [Fact]
    public async Task The_dashboard_shows_every_silo_to_whoever_has_the_token()
    {
        var database = await postgres.CreateDatabaseAsync();
        (string, string)[] settings = [("PBTS_ADMIN_TOKEN", Token), ("PBTS_ORLEANS_DASHBOARD", "true")];
        await using var node = await NodeProcess.StartNodeAsync(database, settings);
        await using var front = await NodeProcess.StartApiAsync(database, settings);
        foreach (var process in new[] { node, front })
        {
            foreach (var header in new[] { "", "Bearer wrong", Basic("admin:wrong"), Basic(Token), Basic("admin:"), "Basic ???" })
            {
                using var refused = await GetAsync(process, "ClusterStats", header);
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
                Assert.StartsWith("Basic realm=", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
            }

            using var page = await GetAsync(process, "", Basic("admin:" + Token));
            Assert.Contains("<html", await page.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
            using var counters = await GetAsync(process, "DashboardCounters", "Bearer " + Token);
            Assert.Single(JsonNode.Parse(await counters.Content.ReadAsStringAsync())!["hosts"]!.AsArray());
        }

        // What the basic scheme opens here it opens nowhere else.
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.PostTextAsync("/config", """{"receipt_window":7200}""", headers: ("Authorization", Basic("admin:" + Token)))).Status);
    }

    [Fact]
    public async Task Without_being_asked_for_there_is_none()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync());
        using var answer = await GetAsync(node, "ClusterStats", "");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private static string Basic(string credentials) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials));

    private static async Task<HttpResponseMessage> GetAsync(NodeProcess process, string path, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/console/orleans/" + path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await process.Http.SendAsync(request);
    }
}
