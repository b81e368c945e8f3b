using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Trust;

/// <summary><c>pbts trust</c>, as the administration.</summary>
[Collection("node")]
public sealed class TrustCommandTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    [Fact]
    public async Task An_operator_has_scores_computed_and_marks_seeds()
    {
        var alice = await NewMemberAsync("alice");
        var marked = await RunAsync(default, "trust", "seed", alice.Id, "--tracker", Url, "--json");
        Assert.True(marked.ExitCode == 0, marked.Error);
        Assert.True(Json(marked).GetProperty("marked_seed").GetBoolean());
        var ran = await RunAsync(default, "trust", "run", "--wait", "--tracker", Url, "--json");
        Assert.True(ran.ExitCode == 0, ran.Error);
        Assert.Equal((false, JsonValueKind.Object), (Json(ran).GetProperty("running").GetBoolean(), Json(ran).GetProperty("last").ValueKind));
        var score = Json(await RunAsync(default, "trust", "user", alice.Id, "--tracker", Url, "--json"));
        Assert.Equal((0, true), (score.GetProperty("trust_score").GetDouble(), score.GetProperty("seed").GetBoolean()));
        var status = Json(await RunAsync(default, "trust", "status", "--limit", "1", "--tracker", Url, "--json"));
        Assert.Contains(alice.Id, status.GetProperty("marked_seeds").EnumerateArray().Select(name => name.GetString()));
        Assert.False(Json(await RunAsync(default, "trust", "seed", alice.Id, "--remove", "--tracker", Url, "--json")).GetProperty("marked_seed").GetBoolean());

        Assert.Equal(ExitCodes.Refused, (await RunAsync(default, "trust", "seed", "nobody", "--tracker", Url)).ExitCode);
        var wrong = await RunAsync(default, "trust", "user", "a/b", "--tracker", Url);
        Assert.Equal((ExitCodes.Usage, true), (wrong.ExitCode, wrong.Error.Contains("USER: must be 1 to 64 visible characters without /", StringComparison.Ordinal)));
    }
}
