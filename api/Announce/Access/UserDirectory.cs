using System.Collections.Concurrent;
using System.Net;
using Orleans.Runtime;
using Pbts.Api.Callers;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Resilience;

namespace Pbts.Api.Announce.Access;

/// <summary>
/// Remembers users in this process. While the database is away it goes on with what it knows, so that announces of
/// known users work on; what it has never seen is then unavailable.
/// </summary>
/// <param name="sites">Whose keys are no passkeys.</param>
internal sealed class UserDirectory(IGrainFactory grains, CallerLimits limits, TimeProvider time, SiteKeys? sites = null) : IUserDirectory, IDisposable
{
    private const int Capacity = 200_000;
    private const int UnknownCapacity = 20_000;

    /// <summary>At a time, of users known and of those never seen before: whoever makes names up does not hold up members.</summary>
    private const int MaxLookups = 64;

    /// <summary>Of those never seen before that may wait.</summary>
    private const int MaxWaiting = 1024;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UnknownLifetime = TimeSpan.FromSeconds(2);

    private readonly Cache _byPasskey = new();
    private readonly Cache _byUserId = new();
    private readonly ConcurrentDictionary<string, string> _passkeys = new();
    private readonly SemaphoreSlim _lookups = new(MaxLookups);
    private readonly SemaphoreSlim _first = new(MaxLookups);
    private int _waiting;
    private long _forgotten;

    private IUserDirectoryGrain Grain => grains.GetGrain<IUserDirectoryGrain>(0);

    public ValueTask<UserLookup> FindByPasskeyAsync(string passkey, IPAddress client) => FindAsync(_byPasskey, passkey, client, static (grain, passkey) => grain.FindByPasskeyAsync(passkey));

    public ValueTask<UserLookup> FindByUserIdAsync(string userId, IPAddress client) => FindAsync(_byUserId, userId, client, static (grain, userId) => grain.FindByUserIdAsync(userId));

    public void Forget(string userId)
    {
        // Before anything goes: what is being looked up meanwhile may be of before.
        Interlocked.Increment(ref _forgotten);
        _byUserId.Known.TryRemove(userId, out _);
        if (_passkeys.TryRemove(userId, out var passkey))
            _byPasskey.Known.TryRemove(passkey, out _);
    }

    public void ForgetAll()
    {
        Interlocked.Increment(ref _forgotten);
        _byUserId.Known.Clear();
        _byPasskey.Known.Clear();
        _passkeys.Clear();
    }

    public void Dispose()
    {
        _lookups.Dispose();
        _first.Dispose();
    }

    private ValueTask<UserLookup> FindAsync(Cache cache, string key, IPAddress client, Func<IUserDirectoryGrain, string, ValueTask<DirectoryEntry?>> look)
    {
        var now = time.GetTimestamp();
        if (cache.Known.TryGetValue(key, out var known) && time.GetElapsedTime(known.At, now) < Lifetime)
            return ValueTask.FromResult(new UserLookup(known.User));
        if (cache.Unknown.TryGetValue(key, out var at) && time.GetElapsedTime(at, now) < UnknownLifetime)
            return ValueTask.FromResult(default(UserLookup));
        if (known is not null)
            return LookAsync(_lookups, cache, key, known.User, look);
        if (limits.PasskeysByAddress.Allows(client) && Volatile.Read(ref _waiting) < MaxWaiting)
            return FirstAsync(cache, key, look);
        limits.Refused(Limit.Passkeys);
        return ValueTask.FromResult(new UserLookup(null, Unavailable: true));
    }

    private async ValueTask<UserLookup> FirstAsync(Cache cache, string key, Func<IUserDirectoryGrain, string, ValueTask<DirectoryEntry?>> look)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            return await LookAsync(_first, cache, key, old: null, look);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async ValueTask<UserLookup> LookAsync(SemaphoreSlim lookups, Cache cache, string key, DirectoryEntry? old, Func<IUserDirectoryGrain, string, ValueTask<DirectoryEntry?>> look)
    {
        await lookups.WaitAsync();
        try
        {
            await PoolThread.Enter();
            var before = Volatile.Read(ref _forgotten);
            // A key of a site is nobody's passkey, whoever may have been given it.
            var user = cache == _byPasskey && sites?.IsKey(key) == true ? null : await look(Grain, key);
            Remember(cache, key, user);
            if (before != Volatile.Read(ref _forgotten))
                cache.Known.TryRemove(key, out _);
            return new(user);
        }
        catch (Exception e) when (Away.Is(e))
        {
            return old is null ? new(null, Unavailable: true) : new(old);
        }
        finally
        {
            lookups.Release();
        }
    }

    private void Remember(Cache cache, string key, DirectoryEntry? user)
    {
        if (user is null)
        {
            cache.Known.TryRemove(key, out _);
            if (cache.Unknown.Count >= UnknownCapacity)
                cache.Unknown.Clear();
            cache.Unknown[key] = time.GetTimestamp();
            return;
        }

        if (cache.Known.Count >= Capacity)
            cache.Known.Clear();
        if (cache == _byPasskey)
        {
            if (_passkeys.Count >= Capacity)
            {
                // Together: what is known by a passkey has to be found by its user.
                cache.Known.Clear();
                _passkeys.Clear();
            }

            _passkeys[user.Profile.UserId] = key;
        }

        cache.Known[key] = new(user, time.GetTimestamp());
    }

    private sealed record Entry(DirectoryEntry User, long At);

    private sealed class Cache
    {
        public ConcurrentDictionary<string, Entry> Known { get; } = new();

        public ConcurrentDictionary<string, long> Unknown { get; } = new();
    }
}
