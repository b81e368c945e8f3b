using System.Net;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Deploy;

/// <summary>The tracker confined as the compose and Kubernetes files confine it.</summary>
public sealed class ReadOnlyRootTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    /// <summary>
    /// Everything that is mounted becomes read-only, <c>/tmp</c> an empty folder in memory, and the last word is run without a
    /// capability. The database's socket, under the old <c>/tmp</c>, moves to <c>/mnt</c>.
    /// </summary>
    private const string Confine =
        """
        set -e
        mount --bind "$0" /mnt
        mount -t tmpfs -o size=64m tmpfs /tmp
        while read -r _ folder type _; do
            case $type:$folder in proc:* | sysfs:* | *:/tmp | *:/mnt* | *:/dev*) ;; *) mount -o remount,bind,ro "$folder" ;; esac
        done </proc/self/mounts
        for folder in / /var/tmp "$1"; do
            if touch "$folder/written" 2>/dev/null; then echo "$folder can be written to" >&2; exit 1; fi
        done
        shift
        exec setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
        """;

    [Fact]
    public async Task A_node_without_capabilities_on_a_read_only_root_serves_everything_and_writes_no_file()
    {
        var database = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());
        // Without capabilities root is a user like any other, who may not look into PostgreSQL's folder.
        File.SetUnixFileMode(database.Host!, File.GetUnixFileMode(database.Host!) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
        string[] confined = ["unshare", "--mount", "--propagation=private", "sh", "-c", Confine, database.Host!, AppContext.BaseDirectory];
        database.Host = "/mnt";
        await using var node = await NodeProcess.StartThroughAsync(confined, database.ConnectionString, ("DOTNET_EnableDiagnostics", "0"), ("HOME", "/nowhere"));
        Assert.Equal("0000000000000000", Status(node, "CapBnd"));
        Assert.Equal("1", Status(node, "NoNewPrivs"));

        var sender = await Member.RegisteredAsync(node.Http, "sender");
        var receiver = await Member.RegisteredAsync(node.Http, "receiver");
        var (status, answer) = await sender.ReportAsync(node.Http, receiver.Receipt(sender, "a piece"));
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(1, (int)answer["verified_receipts"]!);
        Assert.Equal(1, (await new Announcer(node).AnnounceAsync(Announcer.NewTorrent(), 1, 1)).Incomplete);
        foreach (var path in (string[])["/", "/console", "/docs/", "/openapi/v1.json", "/stats", "/config", "/contract/status"])
            Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync(path)).StatusCode);

        // Its /tmp, as it sees it (proc(5)).
        Assert.Empty(Directory.GetFileSystemEntries(Path.Join("/proc", $"{node.Pid}", "root", "tmp")));
        Assert.DoesNotContain("read-only", node.Log, StringComparison.OrdinalIgnoreCase);
        await node.StopAsync();
        Assert.DoesNotContain("Exception", node.Log, StringComparison.Ordinal);
    }

    private static string Status(NodeProcess node, string name) =>
        File.ReadLines($"/proc/{node.Pid}/status").Single(line => line.StartsWith(name + ":", StringComparison.Ordinal)).Split('\t')[1];
}
