namespace Pbts.Cli.Commands;

/// <summary>What each client needs to use a gate.</summary>
internal static class GateSetup
{
    /// <summary>Doors for clients that refuse loopback addresses: a network that is nobody's (RFC 2544).</summary>
    public static readonly (byte First, byte Second) OtherDoors = (198, 18);

    private const string Torrents = """
        Torrents: give the client copies that name the gate (pbts gate rewrite, or pbts gate --watch DIR and DIR/gate),
        or replace the tracker's URL of a torrent that is there already with the announce URL that pbts gate prints.
        """;

    private static readonly Dictionary<string, string> All = new()
    {
        ["qbittorrent"] = """
            qBittorrent (Tools, Options):
              BitTorrent: Encryption mode "Allow encryption"   the gate speaks in the clear with programs of this machine
              Connection: Listening port any free one           peers call the gate's port, not this one
              Advanced:   Network interface "Any interface"     or the loopback interface: the client calls no other address
            """,
        ["deluge"] = """
            Deluge (Preferences, or deluge-console "config --set NAME VALUE"):
              enc_in_policy 1, enc_out_policy 1 (Enabled, not Forced)   the gate speaks in the clear with programs of this machine
              dht, lsd, utpex off                                        peers come from the gate alone
            """,
        ["transmission"] = """
            Transmission takes no peers with loopback addresses. Give the doors others, as root, once after each start of the machine:
              ip route add local 198.18.0.0/16 dev lo
            and start the gate with --doors 198.18. The network is set aside for measurements (RFC 2544) and never leaves this machine.
            settings.json (while the daemon is stopped):
              "encryption": 1        prefer, not require
              "utp-enabled": false   doors speak TCP
            """,
        ["aria2"] = """
            aria2:
              --bt-require-crypto=false --bt-min-crypto-level=plain   the defaults: the gate speaks in the clear with programs of this machine
              --enable-dht=false --bt-enable-lpd=false --enable-peer-exchange=false
            """,
        ["rtorrent"] = """
            rTorrent (.rtorrent.rc):
              protocol.encryption.set = allow_incoming,try_outgoing,enable_retry   the gate speaks in the clear with programs of this machine
              dht.mode.set = off
              protocol.pex.set = no
            """,
    };

    /// <summary>The clients by name.</summary>
    public static IReadOnlyCollection<string> Clients => All.Keys;

    /// <summary>The text for one.</summary>
    /// <param name="client">Its name.</param>
    /// <param name="hasRoute">Whether the addresses of <see cref="OtherDoors"/> are this machine's.</param>
    public static string Of(string client, bool hasRoute)
    {
        var route = client != "transmission" ? ""
            : hasRoute ? "\nThe route is there: 198.18.0.0/16 is this machine's.\n"
            : "\nThe route is not there yet.\n";
        return $"{All[client]}\n{route}\n{Torrents}";
    }
}
