using System.Diagnostics;
using System.Net;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Members;

/// <summary>Without a token the tracker's own user administers, and no other user of its machine.</summary>
[Collection("node")]
public sealed class LocalCallerTests(SharedNode shared)
{
    private const string Setting = """{"receipt_window":86400}""";

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Another_user_of_the_machine_neither_administers_nor_sees_keys(string host)
    {
        Assert.Equal("200", await CurlAsync(host, "/config", other: false));
        Assert.Equal("403", await CurlAsync(host, "/config", other: true));
        Assert.Equal("200", await CurlAsync(host, "/keygen", other: false));
        Assert.Equal("403", await CurlAsync(host, "/keygen", other: true));
    }

    [Fact]
    public async Task Another_user_who_closes_at_once_is_not_taken_for_root()
    {
        var before = Refusals();
        var request = $"POST /config HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: {Setting.Length}\\r\\n\\r\\n{Setting.Replace("86400", "4321", StringComparison.Ordinal)}";
        await RunAsync("setpriv", "--reuid=65534", "--clear-groups", "bash", "-c", $"exec 3<>/dev/tcp/127.0.0.1/{shared.Node.Port}; printf '{request}' >&3; exec 3>&-");
        for (var waited = Stopwatch.StartNew(); Refusals() == before; await Task.Delay(20))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(30), "nobody was refused");
        Assert.NotEqual(4321, (long)(await shared.Node.Http.GetJsonAsync("/config")).Answer["receipt_window"]!);
    }

    [Fact]
    public async Task A_page_of_the_tracker_itself_administers() =>
        Assert.Equal(HttpStatusCode.OK, (await shared.Node.Http.PostTextAsync("/config", Setting, headers: ("Origin", $"http://127.0.0.1:{shared.Node.Port}"))).Status);

    private int Refusals() => shared.Node.Log.Split("POST /config from 127.0.0.1: refused").Length;

    private Task<string> CurlAsync(string host, string path, bool other) =>
        RunAsync("setpriv", [.. other ? (string[])["--reuid=65534", "--clear-groups"] : [], "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", Setting, $"http://{host}:{shared.Node.Port}{path}"]);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, WorkingDirectory = "/" })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output;
    }
}

/// <summary>A node with a token that its own user does without.</summary>
public sealed class AllowLocalTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    private const string Token = "correct horse battery staple";

    [Fact]
    public async Task With_allow_local_the_token_and_this_users_programs_administer_and_the_management_listener_can_be_off()
    {
        await using var node = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(),
            ("PBTS_ADMIN_TOKEN", Token), ("Administration__AllowLocal", "true"), ("PBTS_MANAGEMENT_LISTEN", ""));
        const string Setting = """{"receipt_window":86400}""";
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/config", Setting)).Status);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.PostTextAsync("/config", Setting, headers: [("Authorization", $"Bearer {Token}"), ("X-Forwarded-For", "203.0.113.1")])).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await node.Http.PostTextAsync("/config", Setting, headers: ("X-Forwarded-For", "203.0.113.1"))).Status);
        var session = (await node.Http.GetJsonAsync("/console/api/session")).Answer;
        Assert.Equal((true, true), ((bool)session["allowed"]!, (bool)session["token_configured"]!));

        // Nothing but what it was told to listen at, which the log would name.
        Assert.DoesNotContain("9464", node.Log, StringComparison.Ordinal);
        using var client = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(node.Management, "/metrics")));

        var home = await node.Http.GetStringAsync("/");
        foreach (var link in (string[])["/docs", "/health", "/console"])
        {
            Assert.Contains($"href=\"{link}\"", home, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync(link)).StatusCode);
        }
    }
}
