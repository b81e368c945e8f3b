using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Claims;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The accounting of one client of a member in one swarm: its counters count once, whichever of its addresses they come
/// from. It lives as long as the swarm has a peer of it.
/// </summary>
internal sealed class Session(SwarmMember member, PeerId peerId)
{
    /// <summary>Believed at once, in milliseconds of a full line: announces have no exact times.</summary>
    private const int Grace = 1000;

    private bool _marked;
    private bool _seeds;
    private long _lastAnnounce;

    // Until when the line is used up by what has been believed.
    private long _uploadedUntil;
    private long _downloadedUntil;

    public SwarmMember Member { get; } = member;

    public PeerId PeerId { get; } = peerId;

    /// <summary>The client's counters at its last announce, from which claimed transfer is the difference.</summary>
    public Counters Mark { get; private set; }

    /// <summary>The swarm's turn of its last announce.</summary>
    public uint Turn { get; private set; }

    /// <summary>Peers of the swarm that are this client: all, those listed, those of the listed that are incomplete.</summary>
    public int Peers { get; set; }

    public int Listed { get; set; }

    public int Incomplete { get; set; }

    /// <summary>Known from the activation before: since the last announce there has been somebody to send to, to get from.</summary>
    public bool CouldSend { get; private set; }

    public bool CouldGet { get; private set; }

    /// <summary>The member's next session in the same swarm.</summary>
    public Session? Next { get; set; }

    /// <summary>Takes up what an earlier activation knew.</summary>
    /// <param name="lastAnnounce">When it announced last, in milliseconds of this process's clock.</param>
    public void Restore(Counters mark, long lastAnnounce, bool seeds, bool couldSend, bool couldGet) =>
        (_lastAnnounce, _marked, _seeds, Mark, CouldSend, CouldGet) = (_marked ? Math.Max(lastAnnounce, _lastAnnounce) : lastAnnounce, true, seeds, mark, couldSend, couldGet);

    /// <summary>The next announce counts nothing: what has happened since the last one may be somebody else's.</summary>
    public void Forget() => _marked = false;

    /// <summary>
    /// Before <see cref="Claim"/>: the time since the last announce, where it was a seeder then and is one now, but for what another
    /// client of the member has seeded meanwhile.
    /// </summary>
    /// <returns>Milliseconds.</returns>
    public long Seed(bool isSeeder, long milliseconds)
    {
        var seeds = _marked && _seeds && isSeeder;
        _seeds = isSeeder;
        if (!seeds)
            return 0;
        var seeded = Math.Max(0, milliseconds - Math.Max(_lastAnnounce, Member.SeededUntil));
        Member.SeededUntil = milliseconds;
        return seeded;
    }

    /// <summary>Takes the counters of an announce.</summary>
    /// <param name="restarted">The client says that it starts: its counters may begin anew.</param>
    /// <returns>Bytes sent and received since the last announce that are believed.</returns>
    public (long Uploaded, long Downloaded) Claim(Counters now, bool restarted, bool couldSend, bool couldGet, long milliseconds, uint turn, long bytesPerSecond)
    {
        // The first announce only sets the mark: what was moved before it may have been claimed already.
        var uploaded = _marked && couldSend ? Believe(now.Uploaded - Mark.Uploaded, ref _uploadedUntil, milliseconds, bytesPerSecond) : 0;
        var downloaded = _marked && couldGet ? Believe(now.Downloaded - Mark.Downloaded, ref _downloadedUntil, milliseconds, bytesPerSecond) : 0;

        // A counter that went back without a start is an announce that was overtaken on its way.
        Mark = restarted || !_marked ? now : new(Math.Max(now.Uploaded, Mark.Uploaded), Math.Max(now.Downloaded, Mark.Downloaded));
        (_marked, _lastAnnounce, Turn, CouldSend, CouldGet) = (true, milliseconds, turn, false, false);
        return (uploaded, downloaded);
    }

    private long Believe(long claimed, ref long usedUntil, long now, long bytesPerSecond)
    {
        if (claimed <= 0)
            return 0;
        var from = Math.Max(usedUntil, _lastAnnounce - Grace);
        var most = (Int128)Math.Max(0, now - from) * bytesPerSecond / 1000;
        var believed = (long)Int128.Min(claimed, most);
        usedUntil = from + (long)((((Int128)believed * 1000) + bytesPerSecond - 1) / bytesPerSecond);
        return believed;
    }
}
