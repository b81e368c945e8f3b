using System.Text.Json.Nodes;

namespace Pbts.Cli.Sites;

/// <summary>What an import brought, and what it left out and why.</summary>
internal sealed class ImportReport
{
    public const string Groups = "groups";
    public const string Members = "members";
    public const string Torrents = "torrents";
    public const string History = "history";
    public const string Tokens = "freeleech_tokens";
    public const string Clients = "clients";
    public const string Files = "torrent_files";

    private const int MostExamples = 5;

    private readonly Dictionary<string, (long Read, long Brought)> _counts = [];
    private readonly SortedDictionary<(string Kind, string Reason), (long Count, List<string> Examples)> _leftOut = [];
    private readonly SortedDictionary<(string Kind, string Reason), (long Count, List<string> Examples)> _notes = [];

    /// <summary>Rows of a kind read so far.</summary>
    public long Read(string kind) => _counts.GetValueOrDefault(kind).Read;

    public void Count(string kind, long read = 0, long brought = 0)
    {
        var (before, done) = _counts.GetValueOrDefault(kind);
        _counts[kind] = (before + read, done + brought);
    }

    /// <summary>Something was not brought.</summary>
    public void LeaveOut(string kind, string reason, string name) => Add(_leftOut, (kind, reason), name);

    /// <summary>Something was brought, and is not as it was.</summary>
    public void Note(string kind, string note, string name) => Add(_notes, (kind, note), name);

    public JsonObject ToJson(bool isDryRun, double seconds) => new()
    {
        ["success"] = true, ["dry_run"] = isDryRun, ["seconds"] = Math.Round(seconds, 1),
        ["read"] = new JsonObject(_counts.Select(count => KeyValuePair.Create<string, JsonNode?>(count.Key, count.Value.Read))),
        ["brought"] = new JsonObject(_counts.Select(count => KeyValuePair.Create<string, JsonNode?>(count.Key, count.Value.Brought))),
        ["left_out"] = List(_leftOut), ["changed"] = List(_notes),
    };

    private static void Add(SortedDictionary<(string, string), (long Count, List<string> Examples)> lines, (string, string) key, string name)
    {
        var (count, examples) = lines.TryGetValue(key, out var line) ? line : (0, []);
        if (examples.Count < MostExamples)
            examples.Add(name);
        lines[key] = (count + 1, examples);
    }

    private static JsonArray List(SortedDictionary<(string Kind, string Reason), (long Count, List<string> Examples)> lines) => [.. lines.Select(line => new JsonObject
    {
        ["what"] = line.Key.Kind, ["reason"] = line.Key.Reason, ["count"] = line.Value.Count, ["examples"] = new JsonArray([.. line.Value.Examples.Select(name => JsonValue.Create(name))]),
    })];
}
