using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce;

/// <summary>
/// Charges whoever begins a swarm, before anything is started for it. Swarms that are active elsewhere look like new ones
/// from here, so those that have answered lately are remembered, in a table of fixed size.
/// </summary>
internal sealed class NewSwarms
{
    private const int Places = 1 << 17;

    // A place holds most of a hash of the torrent, and the time in units of 16 seconds in what is left.
    private const long TimeMask = 0xFFFFFF;

    private static readonly string[] Reasons = ["rate", "full"];

    private readonly CallerLimits _limits;
    private readonly TimeProvider _time;
    private readonly TaggedCounter _refused;
    private readonly long[] _known = new long[Places];
    private readonly long _lifetime;

    public NewSwarms(CallerLimits limits, IOptions<TrackerOptions> options, TimeProvider time, IMeterFactory meters)
    {
        _limits = limits;
        _time = time;
        _lifetime = options.Value.PeerLifetime / 16;
        _refused = new(meters.Create(Telemetry.Name), "pbts.swarms.refused", "{announce}", "Announces that would have begun a swarm and were told to come back.",
            from reason in Reasons select new KeyValuePair<string, object?>[] { new("reason", reason) });
    }

    /// <summary>Whether the announce may go to a swarm that is not active here.</summary>
    public bool Allows(InfoHash infoHash, AnnounceRequest request)
    {
        var (place, mark) = Find(infoHash);
        var known = Volatile.Read(ref _known[place]);
        var now = Now();
        if (known != 0 && ((known ^ mark) & ~TimeMask) == 0 && ((now - known) & TimeMask) <= _lifetime)
            return true;
        if (request.UserId is { } user ? _limits.NewSwarmsByUser.Allows(user) : _limits.NewSwarmsByAddress.Allows(request.Endpoint.ToAddress()))
            return true;
        _refused.Add(0);
        return false;
    }

    /// <summary>The swarm has answered: it is there.</summary>
    public void Remember(InfoHash infoHash)
    {
        var (place, mark) = Find(infoHash);
        Volatile.Write(ref _known[place], (mark & ~TimeMask) | Now());
    }

    public void RefusedAsFull() => _refused.Add(1);

    private long Now() => ((long)_time.GetElapsedTime(0).TotalSeconds / 16) & TimeMask;

    private static (int Place, long Mark) Find(InfoHash infoHash) =>
        (BinaryPrimitives.ReadInt32LittleEndian(infoHash.Span[8..]) & (Places - 1), BinaryPrimitives.ReadInt64LittleEndian(infoHash.Span));
}
