using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Local.Postgres;

namespace Pbts.Local;

/// <summary>What runs, and where, for people and for scripts.</summary>
public sealed class Status
{
    private readonly LocalTracker _tracker;
    private readonly IReadOnlyList<(string Name, int? Pid, ProcessState State)> _processes;

    private Status(LocalTracker tracker, IReadOnlyList<(string, int?, ProcessState)> processes) => (_tracker, _processes) = (tracker, processes);

    /// <summary><c>running</c> when all is ready, <c>starting</c>, <c>degraded</c> when something has died, or <c>stopped</c>.</summary>
    public string State => _processes.All(process => process.Pid is null) ? "stopped"
        : _processes.Any(process => process.State == ProcessState.Stopped) ? "degraded"
        : _processes.Any(process => process.State == ProcessState.Starting) ? "starting" : "running";

    private Instance Instance => _tracker.Instance;

    public static async Task<Status> OfAsync(LocalTracker tracker)
    {
        var processes = new List<(string, int?, ProcessState)>();
        foreach (var name in tracker.Instance.Recorded)
            processes.Add((name, tracker.Instance.PidOf(name), await tracker.StateAsync(name)));
        return new(tracker, processes);
    }

    /// <summary>As <c>./pbts status --json</c> prints it.</summary>
    public JsonObject ToJson() => new()
    {
        ["state"] = State,
        ["processes"] = new JsonArray([.. _processes.Select(process => Describe(process.Name, process.Pid, process.State))]),
        ["tracker"] = Running(_tracker.Url),
        ["announce"] = Running($"{_tracker.Url}/announce"),
        ["https_port"] = State == "stopped" || _tracker.Https == 0 ? null : _tracker.Https,
        ["announce_udp"] = Running($"{_tracker.Url.Replace("http:", "udp:", StringComparison.Ordinal)}/announce"),
        ["database"] = _tracker.DatabaseText,
        ["rpc"] = Instance["rpc"],
        ["factory"] = Instance["factory"],
        ["data"] = Instance.Folder,
        ["logs"] = Instance.Logs,
    };

    /// <summary>As <c>./pbts up</c> and <c>./pbts status</c> print it.</summary>
    public IEnumerable<string> ToLines()
    {
        if (State == "stopped")
        {
            yield return $"Nothing runs in {Instance.Folder}";
            yield break;
        }

        var url = _tracker.Url;
        yield return $"PBTS is {State}.";
        yield return $"  tracker    {url}/announce   (put this into your torrents)";
        yield return $"             {url.Replace("http:", "udp:", StringComparison.Ordinal)}/announce   (the same over UDP)";
        if (_tracker.Https > 0)
            yield return $"             https://NAME:{_tracker.Https}/announce   (for other machines; NAME as the certificate has it)";
        yield return $"  API        {url}/health";
        yield return $"  console    {url}/console";
        yield return $"  database   {_tracker.DatabaseText}";
        if (Instance["rpc"] is { } rpc)
            yield return $"  chain      {rpc}   factory {Instance["factory"]}";
        if (File.Exists(Instance.TokenFile))
            yield return $"  admin      token in {Instance.TokenFile} (Authorization: Bearer …)";
        yield return $"  logs       {Instance.Logs}";
        yield return "  processes";
        foreach (var (name, pid, state) in _processes)
        {
            var metrics = Instance[$"management_{name}"] is { } port ? $" metrics http://127.0.0.1:{port}/metrics" : "";
            var programs = _tracker.CloneOf(name) is { } clone && clone != Clone.Root ? $" programs of {clone}" : "";
            yield return $"    {name,-10} {Word(state),-8} {pid,-8}{metrics}{programs}";
        }

        yield return $"  stop       ./pbts down{(Instance.Folder == Path.GetFullPath(".pbts") ? "" : $" --data {Instance.Folder}")}";
    }

    private static string Word(ProcessState state) => JsonNamingPolicy.SnakeCaseLower.ConvertName(state.ToString());

    private JsonObject Describe(string name, int? pid, ProcessState state)
    {
        var said = new JsonObject { ["name"] = name, ["pid"] = pid, ["state"] = Word(state), ["log"] = Instance.LogOf(name) };
        if (name == LocalChain.Name)
        {
            said["url"] = $"http://127.0.0.1:{Instance["chain_port"]}";
        }
        else if (name != LocalPostgres.Name)
        {
            if (Instance[$"management_{name}"] is { } port)
                said["metrics"] = $"http://127.0.0.1:{port}/metrics";
            said["url"] = _tracker.UrlOf(name);
            if (_tracker.CloneOf(name) is { } clone)
                said["clone"] = clone;
        }

        return said;
    }

    private string? Running(string url) => State == "stopped" ? null : url;
}
