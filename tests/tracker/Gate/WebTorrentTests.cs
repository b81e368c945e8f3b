using System.Diagnostics;
using Pbts.Local;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Clients;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>The vouchers of <c>clients/webtorrent</c>, which was written from docs/bep10.md alone, with ours and on the real tracker.</summary>
public sealed class WebTorrentTests(SharedNode shared) : IClassFixture<SharedNode>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly GateLab _lab = new(shared.Node.Url);

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("webtorrent", "pbts")]
    [InlineData("pbts", "webtorrent")]
    [InlineData("webtorrent", "webtorrent")]
    [InlineData("webtorrent", "a gate")]
    public async Task A_file_is_credited_to_the_byte_and_the_evidence_holds(string seeder, string leecher)
    {
        using var torrent = new TestTorrent(new Uri(shared.Node.Url, "announce"), 65536);
        var (alice, bob) = (await _lab.NewMemberAsync(), await _lab.NewMemberAsync());
        var (full, empty) = (Directory.CreateDirectory(_lab.At("full")).FullName, Directory.CreateDirectory(_lab.At("empty")).FullName);
        torrent.WriteContentTo(full);
        await using var seed = seeder == "pbts" ? new Peer(Own("seed", torrent, full, alice)) : new Peer(WebTorrent("seed", torrent, full, alice));
        await GateLab.WaitAsync(() => new Announcer(shared.Node).ScrapeAsync(torrent.InfoHash).GetAwaiter().GetResult() is { Complete: 1 }, () => $"not announced\n{seed.Log}");
        if (leecher == "a gate")
        {
            await using var gate = await _lab.StartGateAsync(bob);
            using var copy = torrent.Announcing(gate.AnnounceUrl);
            await using var client = TorrentClient.Start("qbittorrent", copy, seeds: false);
            await GateLab.WaitAsync(() => client.IsComplete, () => $"the file is not complete\n{client.Log}\n{seed.Log}\n{gate.Log}");
            await _lab.ExpectTotalsAsync(bob, 0, torrent.Length, () => $"{seed.Log}\n{gate.Log}");
        }
        else
        {
            await using var get = leecher == "pbts" ? new Peer(Own("get", torrent, empty, bob)) : new Peer(WebTorrent("get", torrent, empty, bob));
            Assert.True(await get.ExitAsync(Patience) == 0, $"{get.Log}\n--- seed:\n{seed.Log}");
            Assert.True(torrent.IsCompleteIn(empty));
        }

        await _lab.ExpectTotalsAsync(bob, 0, torrent.Length, () => seed.Log);
        await _lab.ExpectTotalsAsync(alice, torrent.Length, 0, () => seed.Log);
        foreach (var member in new[] { alice, bob })
        {
            await using var evidence = CliProcess.Start(null, [("PBTS_PASSKEY", member.Passkey)], "evidence", member.Id, "--out", _lab.At($"{member.Id}.ndjson"), "--tracker", _lab.TrackerUrl, "--json");
            await evidence.SucceedAsync(Patience);
            await using var audit = CliProcess.Start("audit", _lab.At($"{member.Id}.ndjson"), "--json");
            Assert.True(await audit.ExitAsync(Patience) == 0, audit.Error);
        }
    }

    [Fact]
    [Trait("suite", "slow")]
    public async Task Its_own_tests_pass()
    {
        using var tests = new Peer(new ProcessStartInfo("npm", ["test", "--prefix", Folder]));
        Assert.True(await tests.ExitAsync(TimeSpan.FromMinutes(5)) == 0, tests.Log);
    }

    private static string Folder => Path.Combine(Clone.Root, "clients", "webtorrent");

    private ProcessStartInfo WebTorrent(string verb, TestTorrent torrent, string folder, MemberCommands.MemberFiles member)
    {
        var start = new ProcessStartInfo("node",
        [
            Path.Combine(Folder, "cli.js"), verb, torrent.MetaInfoPath, "--folder", folder, "--key", member.Key, "--user", member.Id, "--tracker", _lab.TrackerUrl, "--host", "127.0.0.1",
            "--state", _lab.At($"{member.Id}.state"),
        ]);
        start.Environment["PBTS_PASSKEY"] = member.Passkey;
        return start;
    }

    private ProcessStartInfo Own(string verb, TestTorrent torrent, string folder, MemberCommands.MemberFiles member) => new("dotnet",
    [
        CliProcess.Program, verb, torrent.MetaInfoPath, "--data", folder, "--key", member.Key, "--user", member.Id, "--listen", "127.0.0.1", "--quiet", "--json",
        "--state", _lab.At($"{member.Id}.state"),
    ]);

    /// <summary>A program and what it said.</summary>
    private sealed class Peer : IAsyncDisposable, IDisposable
    {
        private readonly Process _process;
        private readonly List<string> _log = [];

        public Peer(ProcessStartInfo start)
        {
            start.RedirectStandardOutput = start.RedirectStandardError = true;
            _process = Process.Start(start)!;
            _process.OutputDataReceived += Keep;
            _process.ErrorDataReceived += Keep;
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string Log
        {
            get
            {
                lock (_log)
                    return string.Join('\n', _log);
            }
        }

        public async Task<int> ExitAsync(TimeSpan patience)
        {
            await _process.WaitForExitAsync().WaitAsync(patience);
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            _process.Send(Signal.Kill);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        public void Dispose()
        {
            if (!_process.HasExited)
                _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }

        private void Keep(object sender, DataReceivedEventArgs line)
        {
            lock (_log)
                _log.Add(line.Data ?? "");
        }
    }
}
