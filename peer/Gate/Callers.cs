using System.Net;
using System.Net.Sockets;

namespace Pbts.Peer.Gate;

/// <summary>
/// Who may call: a place is taken before anything is read. Few places an address, few for those that have not said what they
/// want, a quarter kept for the client's own calls. Thread-safe.
/// </summary>
/// <param name="most">Connections in all.</param>
internal sealed class Callers(int most)
{
    private const int MostOfAnAddress = 16;
    private const int MostUnknown = 64;
    private const int MostBanned = 10_000;

    private static readonly TimeSpan Ban = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _places = [];
    private readonly Dictionary<IPAddress, long> _banned = [];
    private readonly LinkedList<Socket> _unknown = [];
    private int _count;

    /// <summary>Takes a place for a connection to or from an address; <c>false</c> when there is none.</summary>
    /// <param name="address">The peer's.</param>
    /// <param name="isClients">Whether the client made the call.</param>
    public bool TryEnter(IPAddress address, bool isClients)
    {
        address = KeyOf(address);
        lock (_gate)
        {
            if (_banned.TryGetValue(address, out var since) && TimeProvider.System.GetElapsedTime(since) < Ban)
                return false;
            if (_count >= (isClients ? most : most * 3 / 4) || (!isClients && _places.GetValueOrDefault(address) >= MostOfAnAddress))
                return false;
            _count++;
            _places[address] = _places.GetValueOrDefault(address) + 1;
            return true;
        }
    }

    /// <summary>Gives the place back.</summary>
    public void Leave(IPAddress address)
    {
        address = KeyOf(address);
        lock (_gate)
        {
            _count--;
            if (--_places[address] <= 0)
                _places.Remove(address);
        }
    }

    /// <summary>Whoever says what is not true is not spoken to for a while. Everybody on this machine has the loopback address.</summary>
    public void Refuse(IPAddress address)
    {
        if (IPAddress.IsLoopback(address))
            return;
        lock (_gate)
        {
            if (_banned.Count >= MostBanned)
                _banned.Clear();
            _banned[KeyOf(address)] = TimeProvider.System.GetTimestamp();
        }
    }

    /// <summary>A caller has yet to say what it wants. Of too many the one that has waited longest goes: the silent must not keep out those who speak.</summary>
    public LinkedListNode<Socket> Await(Socket socket)
    {
        lock (_gate)
        {
            if (_unknown.Count >= MostUnknown)
            {
                _unknown.First!.Value.Dispose();
                _unknown.RemoveFirst();
            }

            return _unknown.AddLast(socket);
        }
    }

    /// <summary>It has said so, or left.</summary>
    public void Heard(LinkedListNode<Socket> caller)
    {
        lock (_gate)
        {
            if (caller.List is not null)
                _unknown.Remove(caller);
        }
    }

    /// <summary>Who has one address of IPv6 has all of its /64.</summary>
    private static IPAddress KeyOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), .. new byte[8]]) : address;
}
