using System.Net;

namespace Pbts.Peer.Exchange;

/// <summary>Peers that sent wrong data. Thread-safe.</summary>
internal sealed class BanList
{
    private const int MaxRemembered = 50_000;

    private readonly HashSet<string> _banned = [];

    public bool Contains(IPEndPoint endPoint, ReadOnlySpan<byte> peerId)
    {
        var id = Convert.ToHexString(peerId);
        lock (_banned)
            return _banned.Contains(id) || _banned.Contains(endPoint.ToString()) || _banned.Contains(endPoint.Address.ToString());
    }

    public void Add(PeerConnection peer)
    {
        lock (_banned)
        {
            if (_banned.Count >= MaxRemembered)
                _banned.Clear();
            _banned.Add(Convert.ToHexString(peer.PeerId));
            _banned.Add(peer.EndPoint.ToString());
            // Everybody on this machine has the loopback address.
            if (!IPAddress.IsLoopback(peer.EndPoint.Address))
                _banned.Add(peer.EndPoint.Address.ToString());
        }
    }
}
