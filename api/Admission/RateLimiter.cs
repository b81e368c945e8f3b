using System.Buffers.Binary;
using System.Net;

namespace Pbts.Api.Admission;

/// <summary>
/// Limits how often each caller may do something, in memory that never grows: callers share two tables of fixed size, each
/// under a hash of its own, and are refused only when both of their places are used up, so that a busy neighbour in one
/// does not matter. One number a place: when it would next be free (the generic cell rate algorithm).
/// </summary>
internal sealed class RateLimiter
{
    private const int Places = 1 << 16;

    private readonly long[] _first = new long[Places];
    private readonly long[] _second = new long[Places];
    private readonly ulong _seed = (ulong)Random.Shared.NextInt64();
    private readonly TimeProvider _time;
    private readonly long _cost;
    private readonly long _allowance;

    /// <param name="perSecond">How often for long; 0: no limit.</param>
    /// <param name="burst">How many at once.</param>
    public RateLimiter(double perSecond, int burst, TimeProvider time)
    {
        _time = time;
        _cost = perSecond > 0 ? Math.Max(1, (long)(time.TimestampFrequency / perSecond)) : 0;
        _allowance = _cost * Math.Max(1, burst);
    }

    /// <summary>Whether this address, or for IPv6 this /64, may. Callers on this machine always may.</summary>
    public bool Allows(IPAddress address)
    {
        if (_cost == 0 || IPAddress.IsLoopback(address))
            return true;
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        if (address.IsIPv4MappedToIPv6)
            return Allows(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]));
        return Allows(length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    /// <summary>Whether this user may.</summary>
    public bool Allows(string userId)
    {
        if (_cost == 0)
            return true;
        // FNV-1a; the seed that keeps others from choosing their neighbours comes in below.
        var hash = 14695981039346656037;
        foreach (var character in userId)
            hash = (hash ^ character) * 1099511628211;
        return Allows(hash);
    }

    private bool Allows(ulong caller)
    {
        var now = _time.GetTimestamp();
        var hash = Mix(caller ^ _seed);
        var first = Take(ref _first[hash & (Places - 1)], now);
        return Take(ref _second[(hash >> 32) & (Places - 1)], now) | first;
    }

    private bool Take(ref long place, long now)
    {
        while (true)
        {
            var free = Volatile.Read(ref place);
            var next = Math.Max(free, now) + _cost;
            if (next - now > _allowance)
                return false;
            if (Interlocked.CompareExchange(ref place, next, free) == free)
                return true;
        }
    }

    /// <summary>The finalizer of SplitMix64.</summary>
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
