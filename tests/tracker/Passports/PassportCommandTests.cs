using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Tracker.Tests.Chain;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Passports;

/// <summary>Passports and issuers by command, from one tracker to another.</summary>
[Collection("node")]
public sealed class PassportCommandTests(SharedNode shared, PostgresServer postgres) : MemberCommands(shared.Node.Url), IClassFixture<PostgresServer>
{
    [Fact]
    public async Task A_member_takes_a_passport_along_and_brings_it_where_its_issuer_is_believed()
    {
        await using var old = await NodeProcess.StartNodeAsync(await postgres.CreateDatabaseAsync(), ("PK0", AnvilNode.FirstKey), ("RPC", "http://127.0.0.1:1"));
        var (name, key, file) = ($"mover-{Guid.NewGuid():N}", At("mover.key"), At("mover.json"));
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", key)).ExitCode);
        Assert.Equal(0, (await RunAsync(default, "register", name, "--key", key, "--tracker", old.Url.ToString())).ExitCode);
        var got = await RunAsync(default, "passport", "get", name, "--key", key, "--out", file, "--tracker", old.Url.ToString(), "--json");
        Assert.True(got.ExitCode == 0, got.Error);
        var address = Json(got).GetProperty("issuer").GetString()!;
        Assert.Equal(Json(got).GetProperty("hash").GetString(), Json(await RunAsync(default, "passport", "show", file, "--json")).GetProperty("hash").GetString());
        Assert.True(Json(await RunAsync(default, "passport", "verify", file, "--issuer", address, "--json")).GetProperty("valid").GetBoolean());
        var wrong = await RunAsync(default, "passport", "verify", file, "--issuer", "0x5FbDB2315678afecb367f032d93F642f64180aa3", "--json");
        Assert.Equal((ExitCodes.Refused, "issuer"), (wrong.ExitCode, Json(wrong).GetProperty("step").GetString()));
        await File.WriteAllTextAsync(At("forged.json"), (await File.ReadAllTextAsync(file)).Replace("\"up\":0", "\"up\":1", StringComparison.Ordinal));
        var forged = await RunAsync(default, "passport", "verify", At("forged.json"), "--json");
        Assert.Equal((ExitCodes.Refused, "issuer-signature"), (forged.ExitCode, Json(forged).GetProperty("step").GetString()));
        Assert.Equal(ExitCodes.File, (await RunAsync(default, "passport", "show", key)).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync(default, "passport", "verify", file, "--issuer", "me")).ExitCode);

        // It is registered whatever comes of its passport, and brings it again when the operator has listed who signed it.
        var registered = await RunAsync(default, "register", name, "--key", key, "--passport", file, "--tracker", Url, "--json");
        Assert.True(registered.ExitCode == 0, registered.Error);
        Assert.Contains("not all passports were taken", registered.Error, StringComparison.Ordinal);
        var announce = Json(registered).GetProperty("announce_url").GetString()!;
        var issuer = $"old-{Guid.NewGuid():N}";
        Assert.Equal(ExitCodes.Refused, (await RunAsync(default, "passport", "bring", name, file, "--key", key, "--tracker", announce)).ExitCode);
        Assert.Equal(ExitCodes.Usage, (await RunAsync(default, "issuer", "add", issuer, "--address", address, "--tracker", Url)).ExitCode);
        var added = await RunAsync(default, "issuer", "add", issuer, "--address", address, "--weight", "50", "--cap", "1000", "--until", "2099-01-01T00:00:00Z", "--tracker", Url, "--json");
        Assert.True(added.ExitCode == 0, added.Error);
        var brought = await RunAsync(default, "passport", "bring", name, file, "--key", key, "--tracker", announce, "--json");
        Assert.True(brought.ExitCode == 0, brought.Error);
        Assert.Equal("imported", Json(brought).GetProperty("results")[0].GetProperty("status").GetString());
        Assert.Equal(0, (await RunAsync(default, "issuer", "set", issuer, "--cap", "none", "--weight", "20", "--tracker", Url)).ExitCode);
        var listed = Json(await RunAsync(default, "issuer", "list", "--tracker", Url, "--json")).GetProperty("issuers").EnumerateArray().Single(one => one.GetProperty("name").GetString() == issuer);
        Assert.Equal((20, JsonValueKind.Null, 4_070_908_800, 1), (listed.GetProperty("weight").GetInt32(), listed.GetProperty("cap").ValueKind, listed.GetProperty("valid_until").GetInt64(), listed.GetProperty("imports").GetInt32()));
        Assert.Equal(0, (await RunAsync(default, "issuer", "remove", issuer, "--tracker", Url)).ExitCode);
        Assert.Equal(ExitCodes.Refused, (await RunAsync(default, "issuer", "remove", issuer, "--tracker", Url)).ExitCode);

        // With another's key it is not even sent.
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", At("thief.key"))).ExitCode);
        var stolen = await RunAsync(default, "passport", "bring", "thief", file, "--key", At("thief.key"), "--tracker", announce);
        Assert.Equal(ExitCodes.File, stolen.ExitCode);
        Assert.Contains("of another key", stolen.Error, StringComparison.Ordinal);
    }
}
