using System.CommandLine;
using System.Text.Json;
using Pbts.Cli;
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

    [Fact]
    public async Task A_voucher_verifies_and_a_changed_one_does_not()
    {
        var path = Path.Combine(_folder, "key.json");
        await RunAsync("keygen", "--out", path);
        string[] session = ["--sender", Sender, "--infohash", new string('1', 40), "--session", new string('2', 32), "--instance", new string('3', 64)];
        string[] times = ["--opened", "1700000000", "--signed-at", "1700000042"];
        var attest = await RunAsync(["attest", "--key", path, "--bytes", "5000", .. session, .. times, "--json"]);
        Assert.True(attest.ExitCode == 0, attest.Error);
        var voucher = Assert.Single(JsonSerializer.Deserialize<JsonElement>(attest.Output).GetProperty("vouchers").EnumerateArray());
        Assert.Equal((5000, 1_700_000_042), (voucher.GetProperty("bytes").GetInt64(), voucher.GetProperty("signed_at").GetInt64()));
        foreach (var (bytes, expected) in new[] { ("5000", ExitCodes.Success), ("5001", ExitCodes.Refused) })
        {
            var verify = await RunAsync(["verify", "--receiver", voucher.GetProperty("receiver_pk").GetString()!, "--signature", voucher.GetProperty("signature").GetString()!,
                "--bytes", bytes, .. session, .. times, "--json"]);
            Assert.Equal(expected, verify.ExitCode);
            Assert.Equal(expected == 0, JsonSerializer.Deserialize<JsonElement>(verify.Output).GetProperty("valid").GetBoolean());
        }
    }

    [Theory]
    [InlineData("torrent show /dev/zero", "longer than")]
    [InlineData("get /dev/zero --data .", "longer than")]
    [InlineData("report --user x --key /dev/zero", "longer than")]
    [InlineData("torrent create /dev/zero --tracker http://t/announce", "cannot be shared")]
    public async Task A_device_is_no_file_and_is_not_read_without_end(string line, string expected)
    {
        var result = await RunAsync(line.Split(' ')).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(ExitCodes.File, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
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
    [InlineData("usr alice", "'usr'")]
    [InlineData("contract", "status")]
    [InlineData("user", "USER")]
    [InlineData("user ..", "USER")]
    [InlineData("contract register alice 12", "SALT")]
    [InlineData("keygen", "--out")]
    [InlineData("torrent create x", "--tracker")]
    [InlineData("seed x.torrent --data . --port abc", "--port: 'abc'")]
    [InlineData("seed x.torrent --data . --seconds -5", "--seconds: must be 1 to")]
    [InlineData("seed x.torrent --data . --seconds 9999999", "--seconds: must be 1 to")]
    [InlineData("get x.torrent --data . --timeout 0", "--timeout: must be 1 to")]
    [InlineData("get x.torrent --data . --receipt-timeout -1", "--receipt-timeout: must be 0 to")]
    [InlineData("get x.torrent --data . --tracker nowhere", "--tracker: 'nowhere'")]
    [InlineData("announce 0123456789abcdef0123456789abcdef01234567 --port 0", "--port: must be 1 to 65535")]
    [InlineData("announce 0123456789abcdef0123456789abcdef01234567 --left -4", "--left: must be at least 0")]
    [InlineData("migrate start 0x0 --batch-size 257", "--batch-size: must be 1 to 256")]
    [InlineData("deploy-factory --timeout -5", "--timeout: must be 1 to")]
    [InlineData("attest --key k --sender x --infohash x --piece-hash x --piece-index -3", "--piece-index: '-3'")]
    [InlineData("attest --key k --sender x --infohash x --piece-hash x --piece-index 3 --epoch 99999999999999999999", "--epoch: '99999999999999999999'")]
    [InlineData("attest --key k --sender x --infohash x --piece-hash x --piece-index 3 --epoch 18446744073709551615", "--epoch: must be at most 9223372036854775807")]
    [InlineData("attest --key k --sender x --infohash x --piece-hash x --piece-index 3 --epoch 1 --timestamp 1", "--timestamp and --epoch")]
    [InlineData("verify --receiver x --receipt x --sender x --infohash x --piece-hash x --piece-index 3", "--timestamp or --epoch")]
    [InlineData("attest --key k --sender x --infohash x", "'--piece-hash' is required")]
    [InlineData("attest --key k --sender x --infohash x --session x --bytes 1", "'--instance' is required")]
    [InlineData("attest --key k --sender x --infohash x --session x --instance x --bytes 0", "--bytes: must be 1 to 9007199254740991")]
    [InlineData("attest --key k --sender x --infohash x --session x --instance x --bytes 1 --epoch 1", "--epoch is of a receipt and --session of a voucher")]
    [InlineData("verify --receiver x --receipt x --sender x --infohash x --session x --instance x --bytes 1 --opened 1", "'--signed-at' is required")]
    [InlineData($"attest --key k --sender {Sender} --infohash 1111111111111111111111111111111111111111 --session 22 --instance x --bytes 1", "--session: must be 32")]
    public async Task What_is_wrong_with_a_command_line_is_named_also_as_json(string line, string expected)
    {
        var result = await RunAsync([.. line.Split(' '), "--json"]);
        Assert.Equal(ExitCodes.Usage, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        var document = JsonSerializer.Deserialize<JsonElement>(result.Output);
        Assert.False(document.GetProperty("success").GetBoolean());
        Assert.Contains(expected, document.GetProperty("error").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_others_may_read_gets_a_warning()
    {
        var path = Path.Combine(_folder, "key.json");
        await RunAsync("keygen", "--out", path);
        Assert.DoesNotContain("warning", (await AttestAsync(path)).Error, StringComparison.Ordinal);
        foreach (var mode in new[] { UnixFileMode.GroupRead, UnixFileMode.OtherRead, UnixFileMode.OtherWrite })
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | mode);
            var exposed = await AttestAsync(path);
            Assert.Equal(0, exposed.ExitCode);
            Assert.Contains($"chmod 600 {path}", exposed.Error, StringComparison.Ordinal);
            JsonSerializer.Deserialize<JsonElement>(exposed.Output);
        }
    }

    [Theory]
    [InlineData("", "not a key file")]
    [InlineData("[]", "not a key file")]
    [InlineData("null", "private_key")]
    [InlineData("{\"private_key\": 5}", "not a key file")]
    [InlineData("{\"private_key\": \"AAAA\"}", "private_key")]
    [InlineData("{\"private_key\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}", "private_key")]
    public async Task A_bad_key_file_is_exit_code_3_and_names_what_is_wrong(string content, string expected)
    {
        var path = Path.Combine(_folder, "bad.json");
        await File.WriteAllTextAsync(path, content);
        var result = await AttestAsync(path);
        Assert.Equal(ExitCodes.File, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Contains("bad.json", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_not_there_or_cannot_be_made_says_what_to_do()
    {
        Assert.Contains("keygen --out", (await AttestAsync(Path.Combine(_folder, "none.key"))).Error, StringComparison.Ordinal);
        var folder = await RunAsync("keygen", "--out", _folder);
        Assert.Equal(ExitCodes.File, folder.ExitCode);
        Assert.Contains("is a folder", folder.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("WFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhY")]
    [InlineData("WFhYWA==")]
    [InlineData("XXXX*")]
    public async Task A_signature_of_nothing_does_not_verify(string signature)
    {
        var verify = await RunAsync("verify", "--receiver", Sender, "--receipt", signature, "--sender", Sender, "--infohash", new string('1', 40),
            "--piece-hash", new string('2', 64), "--piece-index", "1", "--epoch", "472222", "--json");
        Assert.Equal(ExitCodes.Refused, verify.ExitCode);
        Assert.False(JsonSerializer.Deserialize<JsonElement>(verify.Output).GetProperty("valid").GetBoolean());
    }

    [Theory]
    [InlineData("http://tracker.example", "http://tracker.example/announce")]
    [InlineData("http://tracker.example:81/", "http://tracker.example:81/announce")]
    [InlineData("http://tracker.example/announce/0123456789abcdef0123456789abcdef", "http://tracker.example/announce/0123456789abcdef0123456789abcdef")]
    [InlineData("https://tracker.example/x/announce?a=b", "https://tracker.example/x/announce?a=b")]
    public async Task A_torrent_carries_an_announce_url(string tracker, string expected)
    {
        var data = Path.Combine(_folder, "data.bin");
        await File.WriteAllBytesAsync(data, new byte[100]);
        var created = await RunAsync("torrent", "create", data, "--tracker", tracker, "--json");
        Assert.Equal(expected, Assert.Single(JsonSerializer.Deserialize<JsonElement>(created.Output).GetProperty("trackers").EnumerateArray()).GetString());
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

    [Fact]
    public async Task Help_of_every_command_describes_each_word_shows_examples_that_parse_and_tells_the_exit_codes()
    {
        var root = PbtsCommand.Create(new CommandContext(TextWriter.Null, TextWriter.Null));
        foreach (var (path, command) in Leaves(root, []))
        {
            var help = await RunAsync([.. path, "--help"]);
            Assert.Equal(0, help.ExitCode);
            Assert.Contains("Exit codes: 0 success;", help.Output, StringComparison.Ordinal);
            Assert.All(command.Arguments.Cast<Symbol>().Concat(command.Options).Append(command), s => Assert.False(string.IsNullOrEmpty(s.Description), $"{string.Join(' ', path)}: {s.Name}"));
            var examples = Examples.Of(string.Join(' ', path));
            Assert.NotEmpty(examples);
            foreach (var example in examples)
            {
                Assert.Contains(example, help.Output, StringComparison.Ordinal);
                var words = example[(example.IndexOf("pbts ", StringComparison.Ordinal) + 5)..].TrimEnd(')').Split(' ');
                var parsed = root.Parse(words);
                Assert.True(parsed.Errors.Count == 0, $"{example}: {string.Join("; ", parsed.Errors.Select(e => e.Message))}");
                Assert.Same(command, parsed.CommandResult.Command);
            }
        }
    }

    [Fact]
    public void No_option_takes_a_secret()
    {
        // Whoever is on the machine can read a command line; secrets come by files and the environment.
        foreach (var (path, command) in Leaves(PbtsCommand.Create(new CommandContext(TextWriter.Null, TextWriter.Null)), []))
            foreach (var option in command.Options)
                Assert.DoesNotContain(new[] { "token", "passkey", "password", "secret", "private", "pk0" }, word => option.Name.Contains(word, StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<(string[] Path, Command Command)> Leaves(Command command, string[] path) => command.Subcommands.Count == 0
        ? [(path, command)]
        : command.Subcommands.SelectMany(child => Leaves(child, [.. path, child.Name]));

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
