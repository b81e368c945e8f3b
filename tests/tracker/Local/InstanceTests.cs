using System.Diagnostics;
using Pbts.Local;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Local;

/// <summary>What the data folder of a tracker on this machine keeps.</summary>
public sealed class InstanceTests : IDisposable
{
    private readonly Instance _instance = new(Directory.CreateTempSubdirectory("pbts-instance-").FullName);

    public InstanceTests() => _instance.Create();

    public void Dispose() => Directory.Delete(_instance.Folder, recursive: true);

    [Fact]
    public void Settings_are_kept_for_the_user_alone()
    {
        (_instance["port"], _instance["rpc"], _instance["port"]) = ("1", "http://a=b", "2");
        var again = new Instance(_instance.Folder);
        Assert.Equal(("2", 2, "http://a=b", null, 0), (again["port"], again.Number("port"), again["rpc"], again["other"], again.Number("other")));
        again["rpc"] = "";
        Assert.Null(_instance["rpc"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_instance.Folder, "instance")));
    }

    [Fact]
    public void A_lock_is_held_by_one_at_a_time()
    {
        using (Assert.IsAssignableFrom<IDisposable>(_instance.TryLock()))
            Assert.Null(new Instance(_instance.Folder).TryLock());
        using var free = _instance.TryLock();
        Assert.NotNull(free);
    }

    [Fact]
    public async Task A_process_is_itself_and_no_later_one_with_its_pid()
    {
        var said = new List<string>();
        var launcher = new Launcher(_instance, said.Add);
        launcher.Launch("sleeper", ["sh", "-c", "echo it is $SECRET; exec sleep 1000"], environment: new Dictionary<string, string> { ["SECRET"] = "told" });
        var pid = _instance.PidOf("sleeper");
        Assert.NotNull(pid);
        Assert.Equal(["sleeper"], _instance.Recorded);
        // The shell in between opens the log.
        await Wait.UntilAsync(() => Task.FromResult(File.Exists(_instance.LogOf("sleeper")) && File.ReadAllText(_instance.LogOf("sleeper")).Contains("it is told", StringComparison.Ordinal)));

        // The pid of a program that is not the one that was recorded.
        _instance.Record("other", ProcessIdentity.Of(pid.Value) with { Start = "1" });
        Assert.Null(_instance.PidOf("other"));
        _instance.Forget("other");

        await launcher.StopAsync(["sleeper"], Signal.Terminate, TimeSpan.FromSeconds(10));
        Assert.Empty(_instance.Recorded);
        Assert.Empty(said);
        Assert.False(File.Exists($"/proc/{pid}/cmdline") && File.ReadAllText($"/proc/{pid}/cmdline").Contains("sleep", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_does_not_stop_is_killed_with_all_it_started()
    {
        var said = new List<string>();
        var launcher = new Launcher(_instance, said.Add);
        launcher.Launch("deaf", ["sh", "-c", "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 0.1; done"]);
        var child = "";
        for (var waited = Stopwatch.StartNew(); child.Length == 0; await Task.Delay(20))
        {
            // The process makes it.
            child = File.Exists(_instance.LogOf("deaf")) ? File.ReadAllText(_instance.LogOf("deaf")).Trim() : "";
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10));
        }

        await launcher.StopAsync(["deaf"], Signal.Terminate, TimeSpan.FromSeconds(1));
        Assert.Contains("did not stop within 1 s: killed", Assert.Single(said), StringComparison.Ordinal);
        for (var waited = Stopwatch.StartNew(); ProcessIdentity.Of(int.Parse(child, System.Globalization.CultureInfo.InvariantCulture)).IsAlive; await Task.Delay(20))
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(10), "What it started lives on.");
    }

    [Fact]
    public void A_port_is_kept_while_nobody_else_has_it()
    {
        var port = _instance.KeptPort("chain_port");
        Assert.Equal(port, _instance.KeptPort("chain_port"));
        using var taken = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, port);
        taken.Start();
        Assert.True(Ports.IsBusy(port));
        Assert.NotEqual(port, _instance.KeptPort("chain_port"));
    }
}
