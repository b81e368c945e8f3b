using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Cli;
using Pbts.Cli.Commands;

namespace Pbts.Tracker.Tests.Peers;

/// <summary>What the tests of members share: a folder, and the commands that make keys, members and torrents.</summary>
public abstract class MemberCommands(Uri tracker) : IDisposable
{
    protected string Folder { get; } = Directory.CreateTempSubdirectory("pbts-cli").FullName;

    protected string Url { get; } = tracker.ToString().TrimEnd('/');

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    internal async Task<MemberFiles> NewMemberAsync(string name)
    {
        var (id, key) = ($"{name}-{Guid.NewGuid():N}", At($"{name}.json"));
        Assert.Equal(0, (await RunAsync(default, "keygen", "--out", key)).ExitCode);
        var registered = await RunAsync(default, "register", id, "--key", key, "--tracker", Url, "--json");
        Assert.True(registered.ExitCode == 0, registered.Error);
        return new MemberFiles(id, key, Json(registered).GetProperty("passkey").GetString()!);
    }

    protected async Task<string> NewTorrentAsync(long length, int pieceLength)
    {
        await using (var file = File.Create(At("data.bin")))
        {
            var block = new byte[1 << 20];
            for (var left = length; left > 0; left -= block.Length)
            {
                Random.Shared.NextBytes(block);
                await file.WriteAsync(block.AsMemory(0, (int)Math.Min(left, block.Length)));
            }
        }
        var created = await RunAsync(default, "torrent", "create", At("data.bin"), "--tracker", Url + "/announce", "--piece-length", $"{pieceLength}", "--out", At("t.torrent"));
        Assert.True(created.ExitCode == 0, created.Error);
        return At("t.torrent");
    }

    protected async Task<(long Up, long Down)> TotalsAsync(string user)
    {
        var result = Json(await RunAsync(default, "user", user, "--tracker", Url, "--json"));
        return (result.GetProperty("total_uploaded").GetInt64(), result.GetProperty("total_downloaded").GetInt64());
    }

    protected string At(string name) => Path.Combine(Folder, name);

    protected static JsonElement Json((int ExitCode, string Output, string Error) result) => JsonSerializer.Deserialize<JsonElement>(result.Output);

    /// <summary>Whether two files hold the same bytes.</summary>
    protected static async Task<bool> IsSameAsync(string one, string other)
    {
        await using var first = File.OpenRead(one);
        await using var second = File.OpenRead(other);
        var (expected, actual) = (await SHA256.HashDataAsync(first), await SHA256.HashDataAsync(second));
        return actual.AsSpan().SequenceEqual(expected);
    }

    /// <summary>Runs the command in this process.</summary>
    protected static async Task<(int ExitCode, string Output, string Error)> RunAsync(CancellationToken cancellationToken, params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        // Log lines come from several threads.
        var exitCode = await PbtsCommand.RunAsync(args, output, TextWriter.Synchronized(error), cancellationToken);
        return (exitCode, output.ToString(), $"{string.Join(' ', args)}\n{error}");
    }

    /// <summary>A registered member.</summary>
    /// <param name="Id">Its user id.</param>
    /// <param name="Key">Its key file.</param>
    /// <param name="Passkey">What registering answered.</param>
    internal sealed record MemberFiles(string Id, string Key, string Passkey);
}
