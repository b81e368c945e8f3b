using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

namespace Pbts.Tracker.Tests.Operations;

/// <summary>A database that goes away under running processes: how they stop meanwhile, and what they answer when it is back.</summary>
public sealed class DatabaseAwayTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Swarms = 2000;

    /// <summary>What <c>docs/operations.md</c> promises, and what a slow machine needs for the rest of a process's end.</summary>
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(30 + 10);

    private readonly PostgresServer _postgres = new();

    public Task InitializeAsync() => _postgres.InitializeAsync();

    public Task DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task The_first_questions_after_the_database_has_come_back_are_answered()
    {
        await using var node = await NodeProcess.StartNodeAsync(await _postgres.CreateDatabaseAsync());
        var tracker = new Announcer(node);
        var member = await Member.RegisteredAsync(node.Http, "member");
        var other = await Member.RegisteredAsync(node.Http, "other");
        for (var round = 0; round < 3; round++)
        {
            // Many connections to the database, all of them broken by its end.
            await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => member.TotalsAsync(node.Http)));
            await _postgres.RestartAsync();
            Assert.Equal((0, 0), await member.TotalsAsync(node.Http));
            await _postgres.RestartAsync();
            // A user that no grain has looked for yet.
            Assert.Equal(HttpStatusCode.NotFound, (await node.Http.GetJsonAsync($"/user/nobody-{round}")).Status);
            await _postgres.RestartAsync();
            Assert.Equal(HttpStatusCode.OK, (await node.Http.GetJsonAsync($"/user/{member.UserId}/receipts")).Status);
            await _postgres.RestartAsync();
            Assert.Null((await tracker.GetAsync(Announcer.Target(Announcer.NewTorrent(), 1, 1, path: "/announce/" + other.Passkey))).Warning);
        }
    }

    [Fact]
    public async Task The_first_requests_about_the_contract_after_the_database_has_come_back_are_answered()
    {
        await using var node = await NodeProcess.StartNodeAsync(await _postgres.CreateDatabaseAsync());
        var member = await Member.RegisteredAsync(node.Http, "member");
        foreach (var (method, path, expected) in new[]
        {
            (HttpMethod.Get, "/contract/status", HttpStatusCode.OK),
            (HttpMethod.Get, $"/contract/tx/{Guid.NewGuid()}", HttpStatusCode.NotFound),
            (HttpMethod.Get, "/migrations", HttpStatusCode.OK),
            (HttpMethod.Get, $"/migrations/{Guid.NewGuid()}", HttpStatusCode.NotFound),
            (HttpMethod.Post, $"/contract/members/{member.UserId}/approve", HttpStatusCode.OK),
        })
        {
            // Many connections to the database, all of them broken by its end.
            await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => member.TotalsAsync(node.Http)));
            await _postgres.RestartAsync();
            using var request = new HttpRequestMessage(method, path);
            using var response = await node.Http.SendAsync(request);
            Assert.True(response.StatusCode == expected, $"{path}: {await response.Content.ReadAsStringAsync()}\n{node.Log}");
        }
    }

    [Fact]
    public async Task The_first_changes_after_the_database_has_come_back_are_made()
    {
        await using var node = await NodeProcess.StartNodeAsync(await _postgres.CreateDatabaseAsync());
        var instance = await node.Http.InstanceIdAsync();
        var member = await Member.RegisteredAsync(node.Http, "member");
        var payer = await Member.RegisteredAsync(node.Http, "payer");
        for (var round = 1; round <= 3; round++)
        {
            var (proven, claimed) = (new Member("proven"), new Member("claimed"));
            Assert.True((bool)(await ChangeAsync("/register", new()
            {
                ["user_id"] = proven.UserId, ["public_key"] = proven.PublicKey, ["signature"] = proven.Sign(RegistrationMessage.Build(instance, proven.UserId)),
            }))["proof_of_possession"]!);
            await ChangeAsync("/register", new() { ["user_id"] = claimed.UserId, ["public_key"] = claimed.PublicKey });

            var next = new Member("next") { UserId = member.UserId };
            await ChangeAsync($"/user/{member.UserId}/rotate-key", new()
            {
                ["new_public_key"] = next.PublicKey, ["timestamp"] = Member.Now,
                ["signature"] = member.Sign(RotationMessage.Build(instance, member.UserId, next.Key, (ulong)Member.Now)),
                ["new_signature"] = next.Sign(RegistrationMessage.Build(instance, member.UserId)),
            });
            member = next;
            var user = (await node.Http.GetJsonAsync($"/user/{member.UserId}")).Answer;
            Assert.Equal((member.PublicKey, round), ((string)user["public_key"]!, (int)user["key_rotations"]!));

            Assert.Equal(7200 + round, (long)(await ChangeAsync("/config", new() { ["receipt_window"] = 7200 + round }))["receipt_window"]!);
            Assert.Equal(["accepted"], (await ChangeAsync("/report", new() { ["user_id"] = member.UserId, ["receipts"] = new JsonArray(payer.Receipt(member, $"{round}")) })).Statuses());
            Assert.Equal((round * 1000, 0), await member.TotalsAsync(node.Http));
        }

        async Task<JsonObject> ChangeAsync(string path, JsonObject body)
        {
            // Many connections to the database, all of them broken by its end.
            await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => payer.TotalsAsync(node.Http)));
            await _postgres.RestartAsync();
            var (status, answer) = await node.Http.PostAsync(path, body);
            Assert.True(status == HttpStatusCode.OK, $"{path}: {answer.ToJsonString()}\n{node.Log}");
            return answer;
        }
    }

    [Theory, Trait("suite", "slow")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_silo_and_a_front_end_stop_in_bounded_time_while_the_database_is_away(bool hangs)
    {
        var database = await _postgres.CreateDatabaseAsync();
        await using var silo = await NodeProcess.StartSiloAsync(database);
        await using var api = await NodeProcess.StartApiAsync(database);
        var tracker = new Announcer(api);
        var member = await Member.RegisteredAsync(api.Http, "member");
        foreach (var batch in Enumerable.Range(0, Swarms).Select(_ => Announcer.NewTorrent()).Chunk(50))
        {
            await Task.WhenAll(batch.Select(async torrent =>
            {
                await tracker.AnnounceAsync(torrent, 1, 0);
                await tracker.GetAsync(Announcer.Target(torrent, 2, 0, "&event=completed", path: "/announce/" + member.Passkey));
            }));
        }

        if (hangs)
            _postgres.Freeze();
        else
            await _postgres.StopAsync();
        try
        {
            foreach (var process in (NodeProcess[])[silo, api])
            {
                var clock = Stopwatch.StartNew();
                await process.StopAsync();
                output.WriteLine($"stopped after {clock.Elapsed.TotalSeconds:F1} s");
                Assert.True(clock.Elapsed < StopsWithin, $"It took {clock.Elapsed} to stop:\n{process.Log}");
            }
        }
        finally
        {
            if (hangs)
                _postgres.Thaw();
        }
    }
}
