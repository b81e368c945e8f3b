using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Resilience;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Torrents;

/// <summary>
/// Remembers on this silo which torrents are registered: those that are until something is said of them, as many as fit, those
/// that are not for two seconds. Anybody can make up info hashes: each costs a place in a statement that many share, and nothing that lasts.
/// </summary>
internal sealed partial class RegisteredTorrents(TorrentStore torrents, IOptions<TorrentsOptions> options, TimeProvider time, ILogger<RegisteredTorrents> logger)
    : IRegisteredTorrents, IAsyncDisposable
{
    private const int MaxBatch = 1000;
    private const int MaxWaiting = 10_000;
    private const int Capacity = 100_000;
    private const int UnknownCapacity = 20_000;

    private static readonly TimeSpan UnknownLifetime = TimeSpan.FromSeconds(2);

    /// <summary>While the database is away nobody waits for it more often than this.</summary>
    private static readonly TimeSpan PauseLength = TimeSpan.FromSeconds(3);

    private static readonly AnnounceReply Unregistered = new() { Refusal = AnnounceRefusal.Unregistered };
    private static readonly AnnounceReply Unknown = new() { Refusal = AnnounceRefusal.Unknown };

    private readonly ConcurrentDictionary<InfoHash, TorrentFacts> _registered = new();
    private readonly ConcurrentDictionary<InfoHash, long> _unknown = new();
    private readonly Batcher<InfoHash, TorrentFacts?> _lookups = new(torrents.ReadFactsAsync, MaxBatch, MaxWaiting);
    private readonly Pause _pause = new(PauseLength, time);
    private long _forgotten;

    public ValueTask<AnnounceReply?> RefuseAsync(InfoHash infoHash)
    {
        if (options.Value.Access == TorrentAccess.Open)
            return default;
        if (_registered.TryGetValue(infoHash, out var facts))
            return ValueTask.FromResult(facts.Refusal);
        if (_unknown.TryGetValue(infoHash, out var at) && time.GetElapsedTime(at) < UnknownLifetime)
            return ValueTask.FromResult<AnnounceReply?>(Unregistered);
        return !_pause.IsOn && _lookups.TryRun(infoHash) is { } lookup
            ? LookAsync(infoHash, lookup) : ValueTask.FromResult<AnnounceReply?>(Unknown);
    }

    /// <summary>What is known of a torrent here without asking; null: nothing, or it is not registered.</summary>
    public TorrentFacts? Known(InfoHash infoHash) => _registered.GetValueOrDefault(infoHash);

    /// <summary>Forgets what has changed.</summary>
    public void Forget(IReadOnlyList<InfoHash>? changed)
    {
        // Before anything goes: what is being looked up meanwhile may be of before.
        Interlocked.Increment(ref _forgotten);
        if (changed is null)
        {
            _registered.Clear();
            _unknown.Clear();
            return;
        }

        foreach (var infoHash in changed)
        {
            _registered.TryRemove(infoHash, out _);
            _unknown.TryRemove(infoHash, out _);
        }
    }

    public ValueTask DisposeAsync() => _lookups.DisposeAsync();

    private async ValueTask<AnnounceReply?> LookAsync(InfoHash infoHash, Task<TorrentFacts?> lookup)
    {
        var before = Volatile.Read(ref _forgotten);
        try
        {
            if (await lookup is { } facts)
            {
                if (_registered.Count >= Capacity)
                    _registered.Clear();
                _registered[infoHash] = facts;
                if (before != Volatile.Read(ref _forgotten))
                    _registered.TryRemove(infoHash, out _);
                return facts.Refusal;
            }
        }
        catch (Exception e) when (Away.IsDatabase(e) || e is InvalidOperationException)
        {
            _pause.Begin();
            LogUnavailable(e.Message);
            return Unknown;
        }

        if (_unknown.Count >= UnknownCapacity)
            _unknown.Clear();
        _unknown[infoHash] = time.GetTimestamp();
        return Unregistered;
    }

    [LoggerMessage(LogLevel.Warning, "The registry of torrents cannot be read: swarms that would begin now wait. {Problem}")]
    private partial void LogUnavailable(string problem);
}
