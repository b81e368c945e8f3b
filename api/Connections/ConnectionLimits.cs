using System.Collections.Concurrent;
using System.Net;
using Pbts.Api.Callers;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Connections;

/// <summary>
/// How many connections there are and may be: for all, so that descriptors are left for the database, the cluster and files,
/// for each address (IPv6: each /64), and for the HTTP server. Proxies that are trusted carry everybody's, so they count for
/// the whole alone.
/// </summary>
internal sealed class ConnectionLimits(TrackerOptions options, ClientAddressResolver addresses)
{
    /// <summary>Descriptors kept free, of which there may be few.</summary>
    private const int LeastReserve = 32;
    private const int MostReserve = 512;

    /// <summary>So many connections there may be however few descriptors there are: they take turns.</summary>
    private const int Least = 16;

    /// <summary>Held for nothing but to be let go of when a client got the last one: a runtime that gets none may end the process.</summary>
    private const int Spares = LeastReserve / 2;

    private readonly ConcurrentDictionary<ulong, int> _byAddress = new();
    private readonly Stack<int> _spares = new(Spares);
    private int _most = options.MaxConnections;
    private int _open;
    private int _atHttpServer;

    /// <summary>Open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Most that may be open now.</summary>
    public int Most => Volatile.Read(ref _most);

    /// <summary>Addresses with a connection: of others nothing is kept.</summary>
    public int Addresses => _byAddress.Count;

    /// <summary>Of one address; 0: no bound.</summary>
    public int MostOfAddress => options.ConnectionsPerAddress;

    /// <summary>What the process may have, as it was last looked up.</summary>
    public long Descriptors { get; private set; }

    /// <summary>Descriptors kept free for everything but connections.</summary>
    public int Reserve => (int)Math.Clamp(Descriptors / 8, LeastReserve, MostReserve);

    /// <summary>
    /// Whether one connection more may be open; then it counts until <see cref="Left"/>. It may be one of the reserve, for the
    /// moment until somebody else's is closed for it.
    /// </summary>
    /// <param name="refusal">Why not, or none.</param>
    public bool Enters(IPAddress address, out CloseReason refusal)
    {
        refusal = CloseReason.Full;
        if (Interlocked.Increment(ref _open) > Most + (Reserve / 4))
        {
            Interlocked.Decrement(ref _open);
            return false;
        }

        refusal = CloseReason.None;
        if (!IsBounded(address) || _byAddress.AddOrUpdate(RateLimiter.KeyOf(address), 1, static (_, count) => count + 1) <= options.ConnectionsPerAddress)
            return true;
        refusal = CloseReason.Address;
        Left(address);
        return false;
    }

    public void Left(IPAddress address)
    {
        Interlocked.Decrement(ref _open);
        if (!IsBounded(address))
            return;
        var key = RateLimiter.KeyOf(address);
        // Only a count that is nought by then goes, so none is lost between the two.
        if (_byAddress.AddOrUpdate(key, 0, static (_, count) => count - 1) <= 0)
            _byAddress.TryRemove(new(key, 0));
    }

    /// <summary>Whether the HTTP server may take over one more of them: no more than half, so that announces find room whatever else is asked.</summary>
    public bool EntersHttpServer()
    {
        if (Interlocked.Increment(ref _atHttpServer) <= Math.Max(1, Most / 2))
            return true;
        LeftHttpServer();
        return false;
    }

    public void LeftHttpServer() => Interlocked.Decrement(ref _atHttpServer);

    /// <summary>Looks up what the process may have and has: both may change while it runs.</summary>
    public void Measure()
    {
        lock (_spares)
        {
            Descriptors = Libc.DescriptorLimit();
            long others;
            try
            {
                others = Math.Max(0, Directory.EnumerateFileSystemEntries("/proc/self/fd").Count() - Open - _spares.Count);
            }
            catch (IOException)
            {
                // Not even this can be opened: then there are too many already.
                others = Descriptors - Open;
            }

            Volatile.Write(ref _most, (int)Math.Clamp(Descriptors - others - Reserve, Math.Min(Least, options.MaxConnections), options.MaxConnections));
            while (_spares.Count < Spares && Descriptors - others - Open >= 2 * Spares && Libc.CreateEvent() is >= 0 and var spare)
                _spares.Push(spare);
        }
    }

    /// <summary>There was no descriptor left: from now on there are a few, and no more connections than there should be.</summary>
    public void RanOut()
    {
        lock (_spares)
        {
            while (_spares.TryPop(out var spare))
                _ = Libc.Close(spare);
            Measure();
        }
    }

    private bool IsBounded(IPAddress address) => options.ConnectionsPerAddress > 0 && !addresses.IsTrusted(address);
}
