using System.Text.Encodings.Web;
using System.Text.Json;
using Pbts.Local;
using Pbts.Local.Processes;

// Programs started through this one must not see what it was told about itself alone.
var (verb, rest) = (args.FirstOrDefault() ?? "", args.Skip(1).ToArray());
try
{
    if (verb != "rolling-restart" && rest.Any(argument => argument.Split('=')[0] == "--clone"))
        throw new LocalException("--clone is for rolling-restart: what is started otherwise are the programs of this clone");
    return verb switch
    {
        "up" => await new UpCommand(LocalOptions.Parse(rest)).RunAsync(),
        "keep" => await new UpCommand(LocalOptions.Parse(rest)).KeepAsync(),
        "down" => await DownAsync(LocalOptions.Parse(rest)),
        "status" => await StatusAsync(LocalOptions.Parse(rest)),
        "test" => await TestCommand.RunAsync(rest),
        "chaos" => await TestCommand.ChaosAsync(rest),
        "stranger" => await TestCommand.StrangerAsync(rest),
        "rolling-restart" => await RollingRestartAsync(LocalOptions.Parse(rest)),
        _ => throw new LocalException($"unknown command {verb} (./pbts help lists them)"),
    };
}
catch (LocalException e)
{
    await Console.Error.WriteLineAsync($"pbts: {e.Message}");
    return 1;
}

static async Task<int> DownAsync(LocalOptions options)
{
    var tracker = new LocalTracker(new Instance(options.Data), Console.WriteLine);
    if (tracker.Instance.Recorded.Count == 0)
    {
        Console.WriteLine($"Nothing runs in {options.Data}");
        return 0;
    }

    // Before the lock: it may be starting something again.
    await tracker.Launcher.StopAsync([Instance.Keeper], Signal.Terminate, TimeSpan.FromSeconds(5));
    using (await tracker.Instance.LockAsync())
        await tracker.StopAsync(tracker.Instance.Recorded);
    Console.WriteLine($"Stopped. The data stays in {options.Data}.");
    return 0;
}

static async Task<int> StatusAsync(LocalOptions options)
{
    var tracker = new LocalTracker(new Instance(options.Data), Console.WriteLine);
    if (!options.Json)
    {
        await UpCommand.ShowAsync(tracker);
        return 0;
    }

    var compact = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    Console.WriteLine((await Status.OfAsync(tracker)).ToJson().ToJsonString(compact));
    return 0;
}

static async Task<int> RollingRestartAsync(LocalOptions options)
{
    var tracker = new LocalTracker(new Instance(options.Data), Console.WriteLine);
    if (!tracker.IsAnyAlive)
        throw new LocalException($"nothing runs in {options.Data}");
    using (await tracker.Instance.LockAsync())
    {
        tracker.NeedSameBacking();
        // From now on by this clone, and with these settings: what it starts again is to be what was put there.
        await Keeper.ReplaceAsync(tracker);
        await new RollingRestart(tracker, Console.WriteLine).RunAsync(options.OfClone);
    }

    return 0;
}
