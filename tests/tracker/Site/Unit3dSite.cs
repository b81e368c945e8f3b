using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Site;

/// <summary>A UNIT3D site: what it says to the tracker, and what its members see of that.</summary>
internal static class Unit3dSite
{
    public const string Key = "unit3d_key-of-more-than-32-characters";
    public const string First = "aZ09bY18cX27dW36eV45fU54gT63hS72";
    public const string Second = "0123456789abcdefghijklmnopqrstuv";
    public const string Third = "ZZZZZZZZZZZZZZZZzzzzzzzzzzzzzzzz";

    public static readonly (string, string) Setting = ("Site__Unit3dKey", Key);

    /// <summary>A call; of a text that is no JSON the answer is empty.</summary>
    public static async Task<(HttpStatusCode Status, JsonObject Answer)> CallAsync(NodeProcess node, HttpMethod method, string path, string? body = null, string key = Key) =>
        await node.Http.CallAsync(method, $"/announce/{key}/{path}", body is null ? null : JsonClient.Json(body));

    /// <summary>A call that is answered with 200, as all are that did what was asked.</summary>
    public static async Task DoneAsync(NodeProcess node, HttpMethod method, string path, string body)
    {
        var (status, answer) = await CallAsync(node, method, path, body);
        Assert.True(status == HttpStatusCode.OK && (bool)answer["success"]!, $"{method} {path} {body}: {(int)status} {answer.ToJsonString()}");
    }

    public static async Task<JsonObject> GetAsync(NodeProcess node, string path)
    {
        var (status, answer) = await CallAsync(node, HttpMethod.Get, path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {(int)status} {answer.ToJsonString()}");
        return answer;
    }

    /// <summary>Why a member's announce fails; null: it does not.</summary>
    public static async Task<string?> FailureAsync(NodeProcess node, string passkey, byte[]? torrent = null, int peer = 1) =>
        (await new Announcer(node).GetAsync(Announcer.Target(torrent ?? Announcer.NewTorrent(), peer, 5, path: $"/announce/{passkey}"))).Failure;

    /// <summary>A member's client says that it has uploaded so many bytes.</summary>
    public static async Task ClaimAsync(NodeProcess node, string passkey, long bytes)
    {
        var (announcer, torrent) = (new Announcer(node), Announcer.NewTorrent());
        await announcer.AnnounceAsync(torrent, 2, left: 5);
        foreach (var (uploaded, more) in ((long, string)[])[(0, "&event=started"), (bytes, "")])
        {
            var target = Announcer.Target(torrent, 1, 5, more, $"/announce/{passkey}").Replace("uploaded=0", $"uploaded={uploaded}", StringComparison.Ordinal);
            Assert.Null((await announcer.GetAsync(target, from: IPAddress.Parse("127.0.0.2"))).Failure);
        }
    }

    /// <summary>Waits for what a site's word brings about, which is to be so within a second; a busy machine has another.</summary>
    public static async Task WithinASecondAsync(Func<Task<bool>> condition)
    {
        var waited = Stopwatch.StartNew();
        await Wait.UntilAsync(condition);
        Assert.True(waited.Elapsed < TimeSpan.FromSeconds(2), $"It took {waited.Elapsed}.");
    }

    /// <summary>The one value that a statement gives.</summary>
    public static async Task<string> OneAsync(NpgsqlDataSource database, string statement)
    {
        await using var command = database.CreateCommand(statement);
        return $"{await command.ExecuteScalarAsync()}";
    }

    /// <summary>Debian's PHP, with the script that asks and reads as UNIT3D does.</summary>
    public static async Task<(int Exit, string Output, string Error)> PhpAsync(params string[] arguments)
    {
        using var php = Process.Start(new ProcessStartInfo("php", [Path.Combine(AppContext.BaseDirectory, "unit3d.php"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (php.StandardOutput.ReadToEndAsync(), php.StandardError.ReadToEndAsync());
        await php.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        return (php.ExitCode, await output, await error);
    }

    /// <summary>What the script says of one answer.</summary>
    public static async Task<(int Exit, string Error)> CheckAsync(string kind, string file) => await PhpAsync("check", kind, file) is var (exit, _, error) ? (exit, error) : default;

    /// <summary>The paths of all values in an answer that are no objects and lists, as the script names them.</summary>
    public static IEnumerable<string> Leaves(JsonNode node, string path) => node switch
    {
        JsonObject fields => fields.SelectMany(field => Leaves(field.Value!, $"{path}.{field.Key}")),
        JsonArray elements => elements.SelectMany((element, index) => Leaves(element!, $"{path}.{index}")),
        _ => [path],
    };

    /// <summary>The object that holds a value, and its name there.</summary>
    public static (JsonObject Parent, string Name) Find(JsonNode root, string path)
    {
        // Names of peers have points in them: addresses.
        var (node, rest) = (root, path[1..]);
        while (true)
        {
            if (node is JsonArray elements)
            {
                var end = rest.IndexOf('.', StringComparison.Ordinal);
                (node, rest) = (elements[int.Parse(rest[..end], System.Globalization.CultureInfo.InvariantCulture)]!, rest[(end + 1)..]);
                continue;
            }

            var fields = node.AsObject();
            var name = fields.Select(field => field.Key).Single(key => rest == key || rest.StartsWith($"{key}.", StringComparison.Ordinal));
            if (rest == name)
                return (fields, name);
            (node, rest) = (fields[name]!, rest[(name.Length + 1)..]);
        }
    }

    public static string User(int id, string passkey, string more = "", bool canDownload = true) => $$"""
        {"id":{{id}},"group_id":3,"passkey":"{{passkey}}"{{more}},"can_download":{{(canDownload ? "true" : "false")}},"is_donor":false,"is_lifetime":true,"num_seeding":0,"num_leeching":0}
        """;

    public static string Torrent(int id, string hash, int status = 1, int timesCompleted = 0, int downloadFactor = 100, int uploadFactor = 100) => $$"""
        {"id":{{id}},"status":{{status}},"info_hash":"{{hash}}","is_deleted":false,"seeders":1,"leechers":2,"times_completed":{{timesCompleted}},"download_factor":{{downloadFactor}},"upload_factor":{{uploadFactor}}}
        """;
}
