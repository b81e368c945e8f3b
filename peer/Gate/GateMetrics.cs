using System.Globalization;
using System.Text;

namespace Pbts.Peer.Gate;

/// <summary>What a gate counts, as Prometheus reads it.</summary>
internal static class GateMetrics
{
    public static string Write(GateProgress progress)
    {
        var text = new StringBuilder();
        Add("pbts_gate_torrents", "gauge", "Torrents the client has announced.", progress.Torrents.Count);
        Add("pbts_gate_connections", "gauge", "Connections through the gate.", progress.Torrents.Sum(torrent => torrent.Peers));
        Add("pbts_gate_pbts_connections", "gauge", "Connections on which vouchers are exchanged.", progress.Torrents.Sum(torrent => torrent.PbtsPeers));
        Add("pbts_gate_signed_bytes", "gauge", "Bytes the member has signed for, of the torrents announced.", progress.Torrents.Sum(torrent => torrent.SignedFor));
        Add("pbts_gate_earned_bytes_total", "counter", "Bytes that others have signed for.", progress.Torrents.Sum(torrent => torrent.Earned));
        Add("pbts_gate_credited_bytes_total", "counter", "Bytes the tracker has credited.", progress.Torrents.Sum(torrent => torrent.Credited));
        Add("pbts_gate_undelivered", "gauge", "Senders who may not have the newest voucher for what they sent.", progress.Torrents.Sum(torrent => torrent.Undelivered));
        Add("pbts_gate_refused_total", "counter", "Connections refused, and messages that did not hold.", progress.Refused);
        return text.ToString();

        void Add(string name, string type, string help, long value) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {value}\n");
    }
}
