using Pbts.Cli.Commands;
using Pbts.Protocol.Bencode;
using Pbts.Tracker.Tests.Peers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Cli;

/// <summary>Nobody's torrent, tracker or file writes into the terminal of who looks at it.</summary>
[Collection("node")]
public sealed class TerminalTextTests(SharedNode shared) : MemberCommands(shared.Node.Url)
{
    /// <summary>Retitles, clears, moves, rings, reorders; the last but one is a control of eight bits.</summary>
    private const string Evil = "a\e]0;owned\a\e[2J\r\n\u202egpj\u009bz\u2028";

    [Theory]
    [InlineData("plain text, Grüße, 日本語, 👩🏽‍🚀", "plain text, Grüße, 日本語, 👩🏽‍🚀")]
    [InlineData("\e[31mred", "\\u001b[31mred")]
    [InlineData("a\r\nb\tc\0d\u007f", "a\\u000d\\u000ab\\u0009c\\u0000d\\u007f")]
    [InlineData("\u009b2J\u0085", "\\u009b2J\\u0085")]
    [InlineData("\u202etxt.exe\u2066\u200f", "\\u202etxt.exe\\u2066\\u200f")]
    public void What_is_not_to_be_seen_is_shown_as_an_escape(string text, string expected) => Assert.Equal(expected, TerminalText.Escape(text));

    [Fact]
    public void Half_a_character_is_shown_as_an_escape() => Assert.Equal("\\ud800x\\udc00", TerminalText.Escape("\ud800x\udc00"));

    [Fact]
    public async Task Names_in_a_torrent_are_escaped_as_text_and_keep_their_value_in_json()
    {
        var torrent = await EvilTorrentAsync("http://127.0.0.1:1/announce");
        var shown = await RunAsync("torrent", "show", torrent);
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("name: a\\u001b]0;owned\\u0007", shown.Output, StringComparison.Ordinal);
        var json = await RunAsync("torrent", "show", torrent, "--json");
        Assert.Equal(Evil, Json(json).GetProperty("name").GetString());
    }

    [Fact]
    public async Task What_a_tracker_says_is_escaped_in_errors_warnings_and_results()
    {
        using var tracker = ScriptedTracker.Saying($"d14:failure reason{"passkey".Length + Evil.Length}:passkey{Evil.Replace('\u202e', 'x').Replace('\u2028', 'x')}e");
        var torrent = await EvilTorrentAsync(tracker.Announce);
        string[][] commands =
        [
            ["announce", new string('1', 40), "--tracker", tracker.Announce, "--json"], ["scrape", new string('1', 40), "--tracker", tracker.Announce],
            ["get", torrent, "--data", At("got"), "--listen", "127.0.0.1", "--timeout", "60"],
        ];
        foreach (var command in commands)
        {
            Assert.NotEqual(0, (await RunAsync(command)).ExitCode);
        }

        using var api = ScriptedTracker.Saying("""{"success":false,"error":"\u001b[2Jgone"}""", 400);
        var refused = await RunAsync("user", "x", "--tracker", api.Url);
        Assert.Contains("pbts: \\u001b[2Jgone", refused.Error, StringComparison.Ordinal);
        using var warning = ScriptedTracker.Saying("d8:intervali9e5:peers0:15:warning message8:\e[2Jgonee");
        var warned = await RunAsync("announce", new string('1', 40), "--tracker", warning.Announce);
        Assert.Contains("warning: \\u001b[2Jgone", warned.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_seeds_line_and_the_names_of_files_are_escaped()
    {
        var torrent = await EvilTorrentAsync("http://127.0.0.1:1/announce");
        Directory.CreateDirectory(At("data"));
        await File.WriteAllBytesAsync(Path.Combine(At("data"), Evil), new byte[5]);
        var seeded = await RunAsync("seed", torrent, "--data", At("data"), "--listen", "127.0.0.1", "--seconds", "1");
        Assert.True(seeded.ExitCode == 0, seeded.Error);
        Assert.Contains("pbts: seeding a\\u001b]0;owned", seeded.Error, StringComparison.Ordinal);
        await RunAsync("torrent", "create", Path.Combine(At("data"), Evil) + "\e[2J", "--tracker", Url);
        await RunAsync("torrent", "show", At("no\e[2J.torrent"));
        await RunAsync("no\e[2Jverb");
    }

    /// <summary>Runs a command and looks at every character it prints.</summary>
    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] words)
    {
        var result = await RunAsync(default, words);
        // The error begins with the command, for the messages of failing tests.
        var printed = result.Error[string.Join(' ', words).Length..];
        Assert.Equal(-1, (result.Output + printed).AsSpan().IndexOfAny("\e\a\r\u202e\u009b\u2028"));
        return (result.ExitCode, result.Output, printed);
    }

    private async Task<string> EvilTorrentAsync(string announce)
    {
        var info = BencodeValue.Dictionary(("length", BencodeValue.Of(5)), ("name", BencodeValue.Of(Evil)), ("piece length", BencodeValue.Of(16384)),
            ("pieces", BencodeValue.Of(Protocol.Torrents.TorrentHash.Of(new byte[5]))));
        await File.WriteAllBytesAsync(At("evil.torrent"), BencodeValue.Dictionary(("announce", BencodeValue.Of(announce)), ("info", info)).Encode());
        return At("evil.torrent");
    }
}
