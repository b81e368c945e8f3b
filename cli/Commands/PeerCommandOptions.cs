using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Pbts.Peer;

namespace Pbts.Cli.Commands;

/// <summary>The options <c>seed</c> and <c>get</c> share, and the peer they describe.</summary>
internal sealed class PeerCommandOptions
{
    private readonly Argument<string> _torrent = new("F.torrent") { Description = "The torrent file." };
    private readonly Option<string> _data = new("--data", "-d") { Description = "Folder that holds the torrent's file or folder.", HelpName = "DIR", Required = true };
    private readonly Option<string?> _user = new("--user", "-u") { Description = "Your user id; needs --key. Without them you take part as an ordinary client.", HelpName = "USER" };
    private readonly Option<string?> _key = new("--key", "-k") { Description = "Your key file, as written by keygen.", HelpName = "KEYFILE" };
    private readonly Option<string?> _tracker = new("--tracker", "-t") { Description = "Announce here instead of at the torrent's trackers; http, https or udp. A passkey for reports is taken from this URL, the torrent's or PBTS_PASSKEY.", HelpName = "URL" };
    private readonly Option<string?> _state = StateOption();
    private readonly Option<int> _port = new("--port") { Description = "Port to listen on; 0 takes a free one.", HelpName = "N" };
    private readonly Option<string> _listen = new("--listen") { Description = "Address to listen on.", HelpName = "ADDRESS", DefaultValueFactory = _ => "0.0.0.0" };
    private readonly Option<string[]> _peers = new("--peer") { Description = "A peer to call besides those of the tracker; may be repeated.", HelpName = "ADDRESS:PORT" };
    private readonly Option<int> _connections = new("--max-peers") { Description = "Most connections.", HelpName = "N", DefaultValueFactory = _ => 80 };
    private readonly Option<int> _slots = new("--upload-slots") { Description = "Peers served at the same time.", HelpName = "N", DefaultValueFactory = _ => 8 };
    private readonly Option<long?> _strangers = new("--stranger-limit") { Description = "Bytes given to each client that cannot sign receipts; no limit by default.", HelpName = "BYTES" };
    private readonly Option<long> _credit = new("--credit") { Description = "Bytes a peer may have without receipt; 0, the default, begins with eight pieces (at least 2 MiB) and grows with what the peer signs for.", HelpName = "BYTES" };
    private readonly Option<long?> _uploadLimit = new("--upload-limit") { Description = "Bytes a second sent to all peers together; no limit by default.", HelpName = "BYTES" };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "No progress on standard error." };

    public Option<bool> Json { get; } = SharedOptions.Json();

    public static Option<string?> StateOption() => new("--state")
    {
        Description = "Folder that keeps receipts until they are settled; $XDG_STATE_HOME/pbts or ~/.local/state/pbts by default.",
        HelpName = "DIR",
    };

    /// <summary>The folder of one key's journals.</summary>
    public static string StateFolder(string? given, MemberIdentity identity)
    {
        var root = given ?? (Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } home
            ? Path.Combine(home, "pbts")
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state", "pbts"));
        return Path.Combine(root, identity.PublicKey.ToString()[..16]);
    }

    public void AddTo(Command command)
    {
        _port.Between(0, 65535);
        _connections.Between(1, 10_000);
        _slots.Between(1, 10_000);
        _credit.Between(0, long.MaxValue);
        _strangers.Between(0, long.MaxValue);
        _uploadLimit.Between(1024, long.MaxValue);
        _tracker.AnnounceUrl();
        _listen.Validators.Add(result =>
        {
            if (!IPAddress.TryParse(result.GetValueOrDefault<string>(), out _))
                result.AddError("--listen: must be an IP address");
        });
        command.Add(_torrent);
        foreach (var option in new Option[] { _data, _user, _key, _tracker, _port, _listen, _peers, _connections, _slots, _uploadLimit, _strangers, _credit, _state, _quiet, Json })
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_user) is null != result.GetValue(_key) is null)
                result.AddError("--user and --key belong together");
            foreach (var peer in result.GetValue(_peers) ?? [])
                if (!IPEndPoint.TryParse(peer, out var endPoint) || endPoint.Port == 0)
                    result.AddError($"--peer: '{peer}' is not ADDRESS:PORT");
        });
    }

    /// <summary>Starts the peer the options describe and runs <paramref name="work"/> with it; gives the exit code.</summary>
    public async Task<int> RunAsync(
        CommandContext context, ParseResult parsed, bool fetches, Func<TorrentPeer, bool, Task<int>> work, CancellationToken cancellationToken)
    {
        if (TorrentCommand.Read(context, parsed.GetRequiredValue(_torrent)) is not { } torrent)
            return ExitCodes.File;
        MemberIdentity? identity = null;
        if (parsed.GetValue(_key) is { } keyFile && (identity = context.ReadKey(keyFile, out var exitCode)) is null)
            return exitCode;
        using (identity)
        {
            var options = new PeerOptions
            {
                Identity = identity,
                UserId = parsed.GetValue(_user),
                Passkey = SharedOptions.Passkey(),
                Tracker = parsed.GetValue(_tracker),
                Listen = IPAddress.Parse(parsed.GetRequiredValue(_listen)),
                Port = parsed.GetValue(_port),
                Fetches = fetches,
                StateFolder = identity is null ? null : StateFolder(parsed.GetValue(_state), identity),
                MaxConnections = parsed.GetValue(_connections),
                MaxUnchoked = parsed.GetValue(_slots),
                StrangerAllowance = parsed.GetValue(_strangers),
                UploadLimit = parsed.GetValue(_uploadLimit),
                CreditWindow = parsed.GetValue(_credit),
                Log = context.Say,
            };
            try
            {
                await using var peer = await TorrentPeer.StartAsync(torrent, parsed.GetRequiredValue(_data), options, cancellationToken).ConfigureAwait(false);
                peer.AddPeers([.. (parsed.GetValue(_peers) ?? []).Select(IPEndPoint.Parse)]);
                return await work(peer, parsed.GetValue(_quiet)).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                return context.Fail(ExitCodes.Usage, $"--listen {options.Listen} --port {options.Port}: {e.Message}");
            }
        }
    }
}
