using System.Buffers.Binary;
using System.Net;

namespace Pbts.Api.Callers;

/// <summary>
/// Limits what each caller may spend of something, in memory that never grows: callers share two tables of fixed size, each
/// under a hash of its own, and are refused only when both of their places are used up, so that a busy neighbour in one
/// does not matter. One number a place: when it would next be free (the generic cell rate algorithm). Callers on this
/// machine are callers like any other.
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

    /// <param name="perSecond">Units for long; 0: no limit.</param>
    /// <param name="burst">Units at once.</param>
    public RateLimiter(double perSecond, int burst, TimeProvider time)
    {
        _time = time;
        _cost = perSecond > 0 ? Math.Max(1, (long)(time.TimestampFrequency / perSecond)) : 0;
        _allowance = _cost * Math.Max(1, burst);
    }

    /// <summary>Whether this address, or for IPv6 this /64, may spend so many units; if so, they are spent.</summary>
    public bool Allows(IPAddress address, int units = 1) => _cost == 0 || Allows(KeyOf(address), units);

    /// <summary>Whether this user may spend so many units; if so, they are spent.</summary>
    public bool Allows(string userId, int units = 1) => _cost == 0 || Allows(KeyOf(userId), units);

    /// <summary>Whether this user might spend one unit now; it is not spent.</summary>
    public bool MightAllow(string userId)
    {
        if (_cost == 0)
            return true;
        var now = _time.GetTimestamp();
        var hash = Mix(KeyOf(userId) ^ _seed);
        return Math.Min(Volatile.Read(ref _first[hash & (Places - 1)]), Volatile.Read(ref _second[(hash >> 32) & (Places - 1)])) - now <= _allowance - _cost;
    }

    /// <summary>
    /// Takes units that turned out to be due only after they were spent. The caller may owe up to one burst and is refused
    /// until that is paid off.
    /// </summary>
    public void Charge(IPAddress address, int units) => Charge(KeyOf(address), units);

    /// <summary>The same of a user.</summary>
    public void Charge(string userId) => Charge(KeyOf(userId), 1);

    /// <summary>Who is one caller: an IPv4 address, or the /64 of an IPv6 address.</summary>
    public static ulong KeyOf(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : address.IsIPv4MappedToIPv6 ? BinaryPrimitives.ReadUInt32BigEndian(bytes[12..])
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>FNV-1a; the seed that keeps others from choosing their neighbours comes in later.</summary>
    private static ulong KeyOf(string userId)
    {
        var hash = 14695981039346656037;
        foreach (var character in userId)
            hash = (hash ^ character) * 1099511628211;
        return hash;
    }

    private bool Allows(ulong caller, int units)
    {
        var now = _time.GetTimestamp();
        var hash = Mix(caller ^ _seed);
        var first = Take(ref _first[hash & (Places - 1)], now, units);
        return Take(ref _second[(hash >> 32) & (Places - 1)], now, units) | first;
    }

    private void Charge(ulong caller, int units)
    {
        if (_cost == 0 || units <= 0)
            return;
        var now = _time.GetTimestamp();
        var hash = Mix(caller ^ _seed);
        Charge(ref _first[hash & (Places - 1)], now, units);
        Charge(ref _second[(hash >> 32) & (Places - 1)], now, units);
    }

    private bool Take(ref long place, long now, int units)
    {
        while (true)
        {
            var free = Volatile.Read(ref place);
            var next = Math.Max(free, now) + (_cost * units);
            if (next - now > _allowance)
                return false;
            if (Interlocked.CompareExchange(ref place, next, free) == free)
                return true;
        }
    }

    private void Charge(ref long place, long now, int units)
    {
        while (true)
        {
            var free = Volatile.Read(ref place);
            var next = Math.Min(Math.Max(free, now) + (_cost * units), now + (2 * _allowance));
            if (next <= free || Interlocked.CompareExchange(ref place, next, free) == free)
                return;
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
