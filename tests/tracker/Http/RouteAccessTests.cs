using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Pbts.Api;
using Pbts.Api.Administration;
using Pbts.Hosting;
using Pbts.Hosting.Access;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Http;

/// <summary>All routes, and who may call them.</summary>
public sealed class RouteAccessTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private static readonly string[] Expected =
    [
        "DELETE /announce/{key:minlength(32)}/blacklisted-agents Site",
        "DELETE /announce/{key:minlength(32)}/featured-torrents Site",
        "DELETE /announce/{key:minlength(32)}/freeleech-tokens Site",
        "DELETE /announce/{key:minlength(32)}/groups Site",
        "DELETE /announce/{key:minlength(32)}/personal-freeleech Site",
        "DELETE /announce/{key:minlength(32)}/torrents Site",
        "DELETE /announce/{key:minlength(32)}/users Site",
        "DELETE /api/v1/clients/{prefix} Administration",
        "DELETE /api/v1/freeleech-tokens/{userId}/{infohash} Administration",
        "DELETE /api/v1/groups/{id:long} Administration",
        "DELETE /api/v1/members/{userId} Administration",
        "DELETE /api/v1/tokens/{id:long} Administration",
        "DELETE /invites/{id:long} Member",
        "DELETE /issuers/{name} Administration",
        "DELETE /user/{userId}/trust-seed Administration",
        "GET / Anybody",
        "GET /announce/health/ping Anybody",
        "GET /announce/{key:minlength(32)}/stats Site",
        "GET /announce/{key:minlength(32)}/torrents/{id:long} Site",
        "GET /announce/{key:minlength(32)}/users/{id:long} Site",
        "GET /api/v1/changes Administration",
        "GET /api/v1/clients Administration",
        "GET /api/v1/factors Administration",
        "GET /api/v1/groups Administration",
        "GET /api/v1/history Administration",
        "GET /api/v1/members Administration",
        "GET /api/v1/members/{userId} Administration",
        "GET /api/v1/tokens Administration",
        "GET /api/v1/torrents Administration",
        "GET /api/v1/torrents/{infohash} Administration",
        "GET /api/v1/unregistered Administration",
        "GET /config Anybody",
        "GET /console Anybody",
        "GET /console/api/audit Administration",
        "GET /console/api/configuration Administration",
        "GET /console/api/events Administration",
        "GET /console/api/proof Administration",
        "GET /console/api/session Anybody",
        "GET /console/api/swarms Administration",
        "GET /console/api/swarms/{infoHash} Administration",
        "GET /console/api/torrents Administration",
        "GET /console/api/users Administration",
        "GET /console/api/users/{userId} Administration",
        "GET /console/{asset} Anybody",
        "GET /contract/anchor Anybody",
        "GET /contract/status Anybody",
        "GET /contract/tx/{hash} Anybody",
        "GET /contract/user/{username} Anybody",
        "GET /docs/favicon.svg Anybody",
        "GET /docs/scalar.aspnetcore.js Anybody",
        "GET /docs/scalar.js Anybody",
        "GET /docs/{documentName?} Anybody",
        "GET /health Anybody",
        "GET /health/live Anybody",
        "GET /health/ready Anybody",
        "GET /invites Member",
        "GET /issuers Administration",
        "GET /migrations Administration",
        "GET /migrations/{id:guid} Administration",
        "GET /migrations/{id:guid}/events Administration",
        "GET /openapi/{documentName}.json Anybody",
        "GET /stats Anybody",
        "GET /tee/status Anybody",
        "GET /torrents/{infohash} Anybody",
        "GET /trust Administration",
        "GET /u/{userId} Anybody",
        "GET /user/{userId} Anybody",
        "GET /user/{userId}/evidence Member",
        "GET /user/{userId}/proof Member",
        "GET /user/{userId}/receipts Member",
        "GET /user/{userId}/trust-score Administration",
        "GET /{key:minlength(32)}/report Site",
        "GET /{key:minlength(32)}/update Site",
        "POST /announce/{key:minlength(32)}/config/reload Site",
        "POST /api/v1/history Administration",
        "POST /api/v1/tokens Administration",
        "POST /attest AsSet",
        "POST /config Administration",
        "POST /contract/anchor Administration",
        "POST /contract/init Administration",
        "POST /contract/members/{username}/approve Administration",
        "POST /contract/members/{username}/link Administration",
        "POST /contract/members/{username}/revoke Administration",
        "POST /contract/migrate Administration",
        "POST /contract/register Administration",
        "POST /contract/update Administration",
        "POST /generate-attestation Anybody",
        "POST /invites Member",
        "POST /keygen AsSet",
        "POST /keygen-tee AsSet",
        "POST /migrations Administration",
        "POST /migrations/{id:guid}/cancel Administration",
        "POST /migrations/{id:guid}/pause Administration",
        "POST /migrations/{id:guid}/resume Administration",
        "POST /register Anybody",
        "POST /report Anybody",
        "POST /tee/reset-statistics Administration",
        "POST /torrents Member",
        "POST /trust Administration",
        "POST /user/{userId}/imports Member",
        "POST /user/{userId}/passport Member",
        "POST /user/{userId}/proof Member",
        "POST /user/{userId}/rotate-key Anybody",
        "POST /verify-attestation Anybody",
        "POST /verify-receipt Anybody",
        "PUT /announce/{key:minlength(32)}/blacklisted-agents Site",
        "PUT /announce/{key:minlength(32)}/featured-torrents Site",
        "PUT /announce/{key:minlength(32)}/freeleech-tokens Site",
        "PUT /announce/{key:minlength(32)}/groups Site",
        "PUT /announce/{key:minlength(32)}/personal-freeleech Site",
        "PUT /announce/{key:minlength(32)}/torrents Site",
        "PUT /announce/{key:minlength(32)}/users Site",
        "PUT /api/v1/baselines Administration",
        "PUT /api/v1/clients Administration",
        "PUT /api/v1/factors Administration",
        "PUT /api/v1/freeleech-tokens Administration",
        "PUT /api/v1/groups Administration",
        "PUT /api/v1/members Administration",
        "PUT /api/v1/members/{userId}/freeleech Administration",
        "PUT /api/v1/torrents Administration",
        "PUT /api/v1/torrents/{infohash}/featured Administration",
        "PUT /issuers/{name} Administration",
        "PUT /user/{userId}/invites Administration",
        "PUT /user/{userId}/trust Administration",
        "PUT /user/{userId}/trust-seed Administration",
        "any /migrations/{**other} Administration",
    ];

    [Fact]
    public async Task Every_route_says_who_may_call_it_and_these_are_all()
    {
        await using var app = await BuildAsync();
        app.MapPbtsNode();
        app.MapPbtsApi();
        var routes = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().SelectMany(route =>
            (route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["any"]).Select(method => $"{method} /{route.RoutePattern.RawText!.Trim('/')} {RouteAccess.CallerOf(route)}"));
        Assert.Equal(string.Join('\n', Expected), string.Join('\n', routes.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task A_route_that_nobody_thought_of_is_closed()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var app = builder.Build();
        app.UseRouting();
        app.UseRouteAccess();
        app.MapGet("/forgotten", () => "secret");
        app.MapGet("/open", () => "public").For(Caller.Anybody);
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await client.GetAsync("/forgotten")).StatusCode);
        Assert.Equal("public", await client.GetStringAsync("/open"));
        Assert.Equal(System.Net.HttpStatusCode.MethodNotAllowed, (await client.PostAsync("/open", null)).StatusCode);
        await app.StopAsync();
    }

    private async Task<WebApplication> BuildAsync()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["Node:Database"] = await postgres.CreateDatabaseAsync();
        builder.AddPbtsNode();
        builder.AddPbtsApi();
        builder.UseOrleansClient(client => client.UseLocalhostClustering());
        return builder.Build();
    }
}
