using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>A member's gate.</summary>
internal sealed class GateProcess(CliProcess process, GateLab lab, MemberCommands.MemberFiles member, int listen, TestNetwork.Host? at) : IAsyncDisposable
{
    public Uri AnnounceUrl { get; } = new(Value(process.Output, "announce_url: "));

    public int PeerPort { get; } = int.Parse(Value(process.Output, "peer_port: "), System.Globalization.CultureInfo.InvariantCulture);

    public MemberCommands.MemberFiles Member => member;

    public string Log => process.Error;

    /// <summary>Whether its client has announced.</summary>
    public bool HasAnnounced => StatusAsync().GetAwaiter().GetResult().Torrents > 0;

    public Task KillAsync() => process.KillAsync();

    /// <summary>Stops it in the middle of whatever it does; its connections stay.</summary>
    public void Suspend() => process.Suspend();

    /// <summary>Starts it again where it was.</summary>
    public Task<GateProcess> AgainAsync(params string[] more) => lab.StartGateAsync(member, listen, at, more);

    /// <summary>The sums over its torrents, as <c>pbts gate status</c> tells them.</summary>
    public async Task<(long SignedFor, long Earned, long Credited, long Undelivered, long PbtsPeers, int Torrents)> StatusAsync()
    {
        await using var status = CliProcess.Start(at, [], "gate", "status", "--key", member.Key, "--state", lab.At($"gate-{member.Id}"), "--json");
        var said = await GateLab.JsonAsync(status);
        Assert.Equal($"{AnnounceUrl}", said.GetProperty("announce_url").GetString());
        var torrents = said.GetProperty("torrents").EnumerateArray().ToArray();
        long Sum(string name) => torrents.Sum(torrent => torrent.GetProperty(name).GetInt64());
        return (Sum("signed_for"), Sum("earned"), Sum("credited"), Sum("undelivered"), Sum("pbts_peers"), torrents.Length);
    }

    /// <summary>Ends it as its user would; gives the exit code.</summary>
    public Task<int> StopAsync() => process.EndAsync(TimeSpan.FromSeconds(60));

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static string Value(string output, string name) => output.Split('\n').Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..];
}
