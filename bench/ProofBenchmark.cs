using System.Buffers.Binary;
using System.Diagnostics;
using Npgsql;
using Pbts.Local;
using Pbts.Peer;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Bench;

/// <summary>
/// The root of all members' totals: the tree alone, on this thread; then as a tracker takes and anchors it, from its database
/// into the contract, with what that costs in gas, in memory and on disk; and what a member's proof takes.
/// </summary>
internal static class ProofBenchmark
{
    private const int Proofs = 50;

    /// <summary>Seconds of the tree alone, and the bytes of memory it took at most beside what there was.</summary>
    internal sealed record Tree(double Seconds, long Bytes);

    public static async Task<Tree> TreeAsync(Arguments arguments)
    {
        var (members, runs) = (arguments.Number("--members", 1_000_000), arguments.Number("--runs", 3));
        Console.WriteLine($"{members} members, one thread, median of {runs} runs");
        var times = new List<double>();
        await BuildAsync(Math.Min(members, 100_000));
        GC.Collect();
        var (before, most) = (GC.GetTotalMemory(true), 0L);
        for (var run = 0; run < runs; run++)
        {
            var watch = Stopwatch.StartNew();
            most = Math.Max(most, await BuildAsync(members));
            times.Add(watch.Elapsed.TotalSeconds);
        }
        var tree = new Tree(Samples.Median(times), most - before);
        Console.WriteLine($"the tree alone       {tree.Seconds:F2} s, {tree.Bytes / 1024.0 / 1024.0:F1} MiB of memory beside, garbage included");
        return tree;
    }

    public static async Task<int> RunAsync(Arguments arguments, Tree tree)
    {
        var (members, pid) = (arguments.Number("--members", 1_000_000), arguments.Number("--pid", 0));
        using var client = new TrackerClient(arguments.Text("--url", TrackerClient.DefaultUrl));
        await using var database = NpgsqlDataSource.Create(arguments.Text("--database", "") + ";Command Timeout=600");
        Check(await client.PostAsync("contract/init?wait=60", new { }, CancellationToken.None));
        Console.WriteLine($"Writing {members} members into the tracker's database");
        await ExecuteAsync(database, $"""
            INSERT INTO users (user_id, public_key, key, proven, passkey, registered_at, uploaded, downloaded)
            SELECT 'member-' || i, encode(k, 'base64'), k, true, md5(i::text), now(), (i * 7919::bigint) % 1000000007 * 1000, (i * 104729::bigint) % 1000000007 * 500
            FROM (SELECT i, sha256(i::text::bytea) || substr(sha256(('x' || i)::bytea), 1, 16) AS k FROM generate_series(1, {members}) AS i) AS made
            """);
        await ExecuteAsync(database, "VACUUM ANALYZE users");

        var memory = Peak(pid);
        var watch = Stopwatch.StartNew();
        var anchor = Check(await client.PostAsync("contract/anchor?wait=0", new { }, CancellationToken.None));
        var taken = watch.Elapsed.TotalSeconds;
        anchor = Check(await client.PostAsync("contract/anchor?wait=60", new { }, CancellationToken.None));
        var gas = anchor.Body!.Value.GetProperty("gas_used").GetInt64();
        Console.WriteLine($"through a tracker    {taken:F2} s from the request until the transaction is handed in, {(Peak(pid) - memory) / 1024.0:F0} MiB more memory at most than it had had before");
        Console.WriteLine($"the anchor           {gas} gas (the contract's first)");

        var times = new List<double>();
        var size = 0;
        for (var i = 0; i < Proofs; i++)
        {
            watch.Restart();
            var result = Check(await client.GetAsync($"user/member-{1 + (i * 7919L % members)}/proof", CancellationToken.None));
            times.Add(watch.Elapsed.TotalMilliseconds);
            var document = System.Text.Encoding.UTF8.GetBytes(result.Body!.Value.GetRawText());
            size = Math.Max(size, document.Length);
            if (MemberProofJson.Read(document) is not { Proof: { } proof } || proof.Verify() is not null)
                throw new InvalidOperationException("A proof does not hold.");
        }
        await using var read = database.CreateCommand("SELECT pg_total_relation_size('anchor_leaves')");
        var disk = (long)(await read.ExecuteScalarAsync())!;
        Console.WriteLine($"a proof              {Samples.Median(times):F1} ms (median of {Proofs}), {size} bytes as JSON, {SumTree.DepthOf(members) * SumNode.Size} of path on the chain");
        Console.WriteLine($"kept of a root       {disk / 1024.0 / 1024.0:F0} MiB on disk");
        await Results.WriteAsync(arguments, "proofs", new
        {
            members, tree_seconds = tree.Seconds, tree_bytes = tree.Bytes, tracker_seconds = taken, gas, proof_milliseconds = Samples.Median(times), proof_bytes = size, disk_bytes = disk,
        });
        return 0;
    }

    /// <summary>Builds the tree from members that are made up as they come; gives the most memory there was.</summary>
    private static async Task<long> BuildAsync(int members)
    {
        var (salt, key) = (new byte[MemberCommitment.SaltSize], new byte[MemberKey.Length]);
        var most = 0L;
        var tree = new AnchorTree((_, _, _, _) =>
        {
            most = Math.Max(most, GC.GetTotalMemory(false));
            return Task.CompletedTask;
        });
        for (var i = 0; i < members; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(salt, i);
            BinaryPrimitives.WriteInt32BigEndian(key, i);
            await tree.AddAsync(new(i, MemberCommitment.Of(salt, $"member-{i}", MemberKey.From(key)), (ulong)i * 1000, (ulong)i * 500));
        }
        await tree.FinishAsync();
        return most;
    }

    /// <summary>KiB the process has ever occupied at most.</summary>
    private static long Peak(int pid) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);

    private static async Task ExecuteAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static ApiResult Check(ApiResult result) => result.IsSuccess ? result : throw new LocalException($"the tracker answers {result.Status}: {result.Error}");
}
