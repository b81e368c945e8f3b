using System.Text.Json;
using Pbts.Cli.Commands;

namespace Pbts.Tracker.Tests.Cli;

/// <summary>What the command line does without a tracker.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-cli").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Keygen_writes_a_file_only_its_owner_reads_and_never_replaces_one()
    {
        var path = Path.Combine(_folder, "key.json");
        Assert.Equal(0, (await RunAsync("keygen", "--out", path)).ExitCode);
        var written = await File.ReadAllBytesAsync(path);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        var key = JsonSerializer.Deserialize<JsonElement>(written);
        Assert.Equal(32, key.GetProperty("private_key").GetBytesFromBase64().Length);
        Assert.Equal(48, key.GetProperty("public_key").GetBytesFromBase64().Length);
        Assert.Equal(ExitCodes.File, (await RunAsync("keygen", "--out", path)).ExitCode);
        Assert.Equal(written, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task No_command_prints_a_private_key()
    {
        var path = Path.Combine(_folder, "key.json");
        var keygen = await RunAsync("keygen", "--out", path, "--json");
        var secret = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllBytesAsync(path)).GetProperty("private_key").GetString()!;
        var attest = await AttestAsync(path);
        Assert.DoesNotContain(secret, keygen.Output + keygen.Error + attest.Output + attest.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receipt_verifies_and_a_changed_one_does_not()
    {
        var path = Path.Combine(_folder, "key.json");
        await RunAsync("keygen", "--out", path);
        var attest = await AttestAsync(path);
        Assert.True(attest.ExitCode == 0, attest.Error);
        var receipt = JsonSerializer.Deserialize<JsonElement>(attest.Output);
        foreach (var (index, expected) in new[] { ("7", ExitCodes.Success), ("8", ExitCodes.Refused) })
        {
            var verify = await RunAsync("verify", "--receiver", receipt.GetProperty("receiver_public_key").GetString()!, "--receipt", receipt.GetProperty("receipt").GetString()!,
                "--sender", Sender, "--infohash", new string('1', 40), "--piece-hash", new string('2', 64), "--piece-index", index, "--timestamp", "1700000000", "--json");
            Assert.Equal(expected, verify.ExitCode);
            Assert.Equal(expected == 0, JsonSerializer.Deserialize<JsonElement>(verify.Output).GetProperty("valid").GetBoolean());
        }
    }

    [Theory]
    [InlineData("get")]
    [InlineData("no-such-command")]
    [InlineData("get x.torrent --data . --user alice")]
    [InlineData("get x.torrent --data . --port 70000")]
    [InlineData("seed x.torrent --data . --listen here")]
    [InlineData("seed x.torrent --data . --peer 127.0.0.1")]
    [InlineData("user alice --tracker ftp://host")]
    [InlineData("torrent create x --tracker nowhere")]
    [InlineData("torrent create x --tracker http://t/announce --piece-length 5")]
    [InlineData("scrape xyz")]
    [InlineData("announce 0123456789abcdef0123456789abcdef01234567 --event begun")]
    public async Task A_wrong_command_line_is_exit_code_2_and_says_why(string line)
    {
        var result = await RunAsync(line.Split(' '));
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.StartsWith("pbts: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("seed missing.torrent --data .")]
    [InlineData("torrent show missing.torrent")]
    [InlineData("torrent create missing.bin --tracker http://t/announce")]
    public async Task A_missing_file_is_exit_code_3(string line)
    {
        var result = await RunAsync(line.Split(' '));
        Assert.Equal(ExitCodes.File, result.ExitCode);
        Assert.Contains("missing", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seeding_what_is_not_there_says_how_much_is_missing()
    {
        var data = Path.Combine(_folder, "data.bin");
        await File.WriteAllBytesAsync(data, new byte[50_000]);
        var torrent = Path.Combine(_folder, "t.torrent");
        await RunAsync("torrent", "create", data, "--tracker", "http://127.0.0.1:1/announce", "--piece-length", "16384", "--out", torrent);
        await File.WriteAllBytesAsync(data, new byte[20_000]);
        var result = await RunAsync("seed", torrent, "--data", _folder, "--listen", "127.0.0.1");
        Assert.Equal(ExitCodes.File, result.ExitCode);
        Assert.Contains($"{50_000 - 16384} of 50000 bytes are missing", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_download_nobody_seeds_ends_at_its_time_limit()
    {
        var data = Path.Combine(_folder, "data.bin");
        await File.WriteAllBytesAsync(data, new byte[50_000]);
        var torrent = Path.Combine(_folder, "t.torrent");
        await RunAsync("torrent", "create", data, "--tracker", "http://127.0.0.1:1/announce", "--out", torrent);
        var result = await RunAsync("get", torrent, "--data", Path.Combine(_folder, "got"), "--listen", "127.0.0.1", "--timeout", "1");
        Assert.Equal(ExitCodes.TimedOut, result.ExitCode);
        Assert.Contains("50000 bytes left", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_names_every_command()
    {
        var help = await RunAsync("--help");
        Assert.Equal(0, help.ExitCode);
        foreach (var command in PbtsCommand.Create(new CommandContext(TextWriter.Null, TextWriter.Null)).Subcommands)
        {
            Assert.Contains(command.Name, help.Output, StringComparison.Ordinal);
            Assert.Contains($"pbts {command.Name}", (await RunAsync(command.Name, "--help")).Output, StringComparison.Ordinal);
        }
    }

    private const string Sender = "kabIzby0/iI5lnJv1I9vExXVjJAxPZgewRZgQiZFN3MHIOepWHchEMfugvr/+yxg";

    private static Task<(int ExitCode, string Output, string Error)> AttestAsync(string key) => RunAsync("attest", "--key", key, "--sender", Sender,
        "--infohash", new string('1', 40), "--piece-hash", new string('2', 64), "--piece-index", "7", "--timestamp", "1700000000", "--json");

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var exitCode = await PbtsCommand.RunAsync(args, output, error);
        return (exitCode, output.ToString(), error.ToString());
    }
}
