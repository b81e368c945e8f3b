using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Pbts.Peer;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Torrents;

namespace Pbts.Cli.Commands;

internal static class GateCommand
{
    private const string DefaultListen = "127.0.0.1:6880";

    public static Command Create(CommandContext context)
    {
        var user = new Option<string?>("--user", "-u") { Description = "Your user id.", HelpName = "USER" };
        var key = new Option<string?>("--key", "-k") { Description = "Your key file, as written by keygen.", HelpName = "KEYFILE" };
        var tracker = SharedOptions.Tracker().Url();
        var listen = new Option<string>("--listen") { Description = "Where your client announces, a loopback address.", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => DefaultListen };
        var port = new Option<int>("--port") { Description = "Port that peers call: open it in your router as you would for the client; 0 takes a free one, and the same again.", HelpName = "N" }.Between(0, 65535);
        var address = new Option<string>("--peer-listen") { Description = "Address that peers call.", HelpName = "ADDRESS", DefaultValueFactory = _ => "::" };
        var watch = new Option<string?>("--watch") { Description = "Folder of torrents of your site; a copy of each for your client is put in DIR/gate.", HelpName = "DIR" };
        var doors = new Option<string>("--doors") { Description = "First two numbers of the addresses that stand for peers; 198.18 for clients that refuse loopback addresses (gate setup transmission).", HelpName = "A.B", DefaultValueFactory = _ => "127.80" };
        var require = new Option<bool>("--require-pbts") { Description = "Refuse peers that do not sign for what they get." };
        var connections = new Option<int>("--max-peers") { Description = "Most connections.", HelpName = "N", DefaultValueFactory = _ => 500 }.Between(1, 10_000);
        var state = PeerCommandOptions.StateOption();
        var command = new Command("gate", "Let an ordinary torrent client on this machine earn proven credit: it announces to the gate, which signs and takes vouchers for it. Runs until Ctrl-C.")
        {
            user, key, tracker, listen, port, address, watch, doors, require, connections, state, CreateRewrite(context), CreateSetup(context), CreateStatus(context),
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(user) is null || result.GetValue(key) is null)
                result.AddError("--user and --key are needed: your user id and key file");
        });
        Check(listen, text => TryLoopback(text, out _), "must be a loopback address and a port, such as 127.0.0.1:6880: whoever reaches it announces as you");
        Check(address, text => IPAddress.TryParse(text, out _), "must be an IP address");
        Check(doors, text => TryDoors(text, out _), "must be two numbers from 0 to 255 with a dot between, such as 127.80");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (context.ReadKey(parsed.GetRequiredValue(key)!, out var exitCode) is not { } identity)
                return exitCode;
            using (identity)
            {
                TryLoopback(parsed.GetValue(listen), out var client);
                TryDoors(parsed.GetValue(doors), out var prefix);
                return await RunAsync(context, new GateOptions
                {
                    Identity = identity, UserId = parsed.GetRequiredValue(user)!, Tracker = parsed.GetRequiredValue(tracker), Passkey = SharedOptions.Passkey(),
                    Listen = client, PeerAddress = IPAddress.Parse(parsed.GetRequiredValue(address)), Port = parsed.GetValue(port), Doors = prefix,
                    StateFolder = PeerCommandOptions.StateFolder(parsed.GetValue(state), identity), Watch = parsed.GetValue(watch),
                    RequirePbts = parsed.GetValue(require), MaxConnections = parsed.GetValue(connections), Log = context.Say,
                }, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, GateOptions options, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            return context.Fail(ExitCodes.Usage, "a gate needs Linux, where every address of 127.0.0.0/8 is this machine; docs/gate.md says what works elsewhere");
        if (options.Doors.First != 127 && !HasRoute(options.Doors))
            return context.Fail(ExitCodes.Usage, $"--doors {options.Doors.First}.{options.Doors.Second}: those addresses are not this machine's; as root: ip route add local {options.Doors.First}.{options.Doors.Second}.0.0/16 dev lo");
        try
        {
            await using var gate = await VoucherGate.StartAsync(options, cancellationToken).ConfigureAwait(false);
            context.Say($"ready; peers call port {gate.Port}. Your client's torrents announce to:");
            context.Print(new JsonObject { ["announce_url"] = gate.AnnounceUrl, ["peer_port"] = gate.Port }, json: false);
            try
            {
                await Task.WhenAny(Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken), gate.Failed).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C is how a gate ends.
            }

            return gate.Failed.IsCompleted ? context.Fail(ExitCodes.File, await gate.Failed.ConfigureAwait(false)) : ExitCodes.Success;
        }
        catch (Exception e) when (e is SocketException or HttpListenerException)
        {
            return context.Fail(ExitCodes.Usage, $"--listen {options.Listen} or --port {options.Port}: {e.Message}");
        }
    }

    private static Command CreateRewrite(CommandContext context)
    {
        var path = new Argument<string>("F.torrent") { Description = "A torrent of your site." };
        var announce = new Option<string>("--announce") { Description = "The announce URL that gate prints.", HelpName = "URL", Required = true }.Url();
        var output = new Option<string>("--out", "-o") { Description = "The copy to write.", HelpName = "COPY.torrent", Required = true };
        var command = new Command("rewrite", "Copy a torrent so that it names your gate; the infohash stays.") { path, announce, output };
        command.SetAction(parsed =>
        {
            var file = parsed.GetRequiredValue(path);
            if (!TorrentRewriter.TryRewrite(BoundedFile.Read(file, BoundedFile.MaxDocument), parsed.GetRequiredValue(announce), out var copy, out var error))
                return context.Fail(ExitCodes.File, $"{file}: {error}");
            // The announce URL has the gate's secret in it.
            using (var target = PrivateFile.Open(parsed.GetRequiredValue(output), FileMode.Create))
                target.Write(copy);
            context.Say($"{parsed.GetRequiredValue(output)} names the gate; give it to your client");
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateSetup(CommandContext context)
    {
        var client = new Argument<string>("CLIENT") { Description = "qbittorrent, deluge, transmission, aria2 or rtorrent." };
        client.AcceptOnlyFromAmong([.. GateSetup.Clients]);
        var command = new Command("setup", "Print the few settings a client needs to use a gate, and why.") { client };
        command.SetAction(parsed =>
        {
            context.Output.WriteLine(GateSetup.Of(parsed.GetRequiredValue(client), hasRoute: HasRoute(GateSetup.OtherDoors)));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Command CreateStatus(CommandContext context)
    {
        var (key, state, json) = (SharedOptions.Key(), PeerCommandOptions.StateOption(), SharedOptions.Json());
        var command = new Command("status", "Show a running gate's torrents, its peers with and without PBTS, and what was signed and earned.") { key, state, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (context.ReadKey(parsed.GetRequiredValue(key), out var exitCode) is not { } identity)
                return exitCode;
            using (identity)
            {
                var folder = PeerCommandOptions.StateFolder(parsed.GetValue(state), identity);
                if (await VoucherGate.AskAsync(folder, cancellationToken).ConfigureAwait(false) is not { } answer)
                    return context.Fail(ExitCodes.Unreachable, $"no gate with this key is running here (its state is in {folder})");
                context.Print(new JsonObject([new("announce_url", answer.AnnounceUrl), .. JsonObject.Create(answer.Status)!.Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone()))]), parsed.GetValue(json));
                return ExitCodes.Success;
            }
        });
        return command;
    }

    private static void Check(Option<string> option, Predicate<string?> isRight, string rule) => option.Validators.Add(result =>
    {
        if (!isRight(result.GetValueOrDefault<string>()))
            result.AddError($"{option.Name}: {rule}");
    });

    private static bool TryLoopback(string? text, out IPEndPoint endPoint)
    {
        var isOne = IPEndPoint.TryParse(text ?? "", out var read) && read.Port != 0 && IPAddress.IsLoopback(read.Address);
        endPoint = isOne ? read! : new IPEndPoint(0, 0);
        return isOne;
    }

    private static bool TryDoors(string? text, out (byte First, byte Second) doors)
    {
        doors = default;
        return text?.Split('.') is [var first, var second] && byte.TryParse(first, out doors.First) && byte.TryParse(second, out doors.Second);
    }

    /// <summary>Whether a program may listen on an address of these.</summary>
    private static bool HasRoute((byte First, byte Second) doors)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(new IPAddress([doors.First, doors.Second, 0, 1]), 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
