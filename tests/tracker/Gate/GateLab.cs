using System.Diagnostics;
using System.Text.Json;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>Members with gates, as processes of their own, and the torrents their clients share.</summary>
/// <param name="tracker">The tracker.</param>
/// <param name="host">Where it can be reached from; this machine when <c>null</c>.</param>
internal sealed class GateLab(Uri tracker, TestNetwork.Host? host = null) : MemberCommands(tracker)
{
    private int _members;

    public string TrackerUrl => Url;

    public new string At(string name) => base.At(name);

    public async Task<MemberFiles> NewMemberAsync()
    {
        if (host is null)
            return await NewMemberAsync($"m{++_members}");
        var (id, key) = ($"m{++_members}-{Guid.NewGuid():N}", At($"m{_members}.json"));
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", key)).ExitCode);
        await using var register = CliProcess.Start(host, [], "register", id, "--key", key, "--tracker", Url, "--json");
        return new MemberFiles(id, key, (await JsonAsync(register)).GetProperty("passkey").GetString()!);
    }

    public new async Task<(long Up, long Down)> TotalsAsync(string user)
    {
        if (host is null)
            return await base.TotalsAsync(user);
        await using var command = CliProcess.Start(host, [], "user", user, "--tracker", Url, "--json");
        var totals = await JsonAsync(command);
        return (totals.GetProperty("total_uploaded").GetInt64(), totals.GetProperty("total_downloaded").GetInt64());
    }

    /// <summary>Starts a member's gate and waits until it is ready.</summary>
    /// <param name="member">Whose it is.</param>
    /// <param name="listen">Where its client announces, after a restart the same as before.</param>
    /// <param name="at">Where it runs; on this machine when <c>null</c>.</param>
    /// <param name="more">Further options.</param>
    public async Task<GateProcess> StartGateAsync(MemberFiles member, int? listen = null, TestNetwork.Host? at = null, params string[] more)
    {
        var port = listen ?? Ports.Free();
        var process = CliProcess.Start(at, [], [
            "gate", "--user", member.Id, "--key", member.Key, "--tracker", $"{Url}/announce/{member.Passkey}", "--listen", $"127.0.0.1:{port}",
            "--state", At($"gate-{member.Id}"), .. more.Contains("--peer-listen") ? more : [.. more, "--peer-listen", "127.0.0.1"]]);
        for (var waited = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            // The line with the port is the last it prints.
            if (process.Output.Contains("peer_port: ", StringComparison.Ordinal))
                return new GateProcess(process, this, member, port, at);
            Assert.True(!process.HasExited && waited.Elapsed < TimeSpan.FromSeconds(60), $"the gate did not start: {process.Error}");
        }
    }

    /// <summary>Waits until what a member has given and got is so many bytes.</summary>
    public async Task ExpectTotalsAsync(MemberFiles member, long up, long down, Func<string> log)
    {
        (long, long) seen = default;
        for (var waited = Stopwatch.StartNew(); (seen = await TotalsAsync(member.Id)) != (up, down); await Task.Delay(200))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), $"{member.Id} has {seen}, not {(up, down)}\n{log()}");
    }

    public static async Task WaitAsync(Func<bool> condition, Func<string> problem, int seconds = 90)
    {
        for (var waited = Stopwatch.StartNew(); !condition(); await Task.Delay(100))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(seconds), $"After {seconds} s: {problem()}");
    }

    internal static async Task<JsonElement> JsonAsync(CliProcess process) => await process.SucceedAsync(TimeSpan.FromSeconds(30));
}
