using System.Collections.Concurrent;
using System.Net;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Pbts.Api.Announce;
using Pbts.Api.Announce.Access;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Swarms;
using Pbts.GrainInterfaces.Users;
using Pbts.Protocol.Receipts;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Announces are read by threads of our own, but what they ask of a grain is asked by one of the thread pool, or memory grows with each.</summary>
public sealed class GrainCallThreadTests
{
    private static readonly InfoHash s_torrent = InfoHash.From(new byte[InfoHash.Length]);

    private readonly IGrainFactory _grains = DispatchProxy.Create<IGrainFactory, Grains>();

    [Fact]
    public void Announces_and_scrapes_call_swarms_from_the_pool()
    {
        var swarms = new SwarmClient(_grains, TimeProvider.System);
        AssertFromPool(() => swarms.AnnounceAsync(s_torrent, new AnnounceRequest()).AsTask());
        AssertFromPool(() => swarms.ScrapeAsync(s_torrent).AsTask());
    }

    [Fact]
    public void Users_are_looked_up_from_the_pool()
    {
        using var services = new ServiceCollection().AddMetrics().AddOptions().AddSingleton(TimeProvider.System).AddSingleton<CallerLimits>().BuildServiceProvider();
        using var users = new UserDirectory(_grains, services.GetRequiredService<CallerLimits>(), TimeProvider.System);
        AssertFromPool(() => users.FindByPasskeyAsync("0123456789abcdef0123456789abcdef", IPAddress.Loopback).AsTask());
        AssertFromPool(() => users.FindByUserIdAsync("somebody", IPAddress.Loopback).AsTask());
    }

    /// <summary>Begins the work on a thread that is not of the pool.</summary>
    private void AssertFromPool(Func<Task> work)
    {
        var calls = ((Grains)_grains).FromPool;
        calls.Clear();
        Task? done = null;
        var thread = new Thread(() => done = work());
        thread.Start();
        thread.Join();
        Assert.True(done!.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal([true], calls);
    }

    /// <summary>Gives out grains that answer with nothing, and notes what thread calls them.</summary>
    public class Grains : DispatchProxy
    {
        public ConcurrentQueue<bool> FromPool { get; } = new();

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var grain = targetMethod!.ReturnType == typeof(ISwarmGrain) ? DispatchProxy.Create<ISwarmGrain, Grain>() : (object)DispatchProxy.Create<IUserDirectoryGrain, Grain>();
            ((Grain)grain).Calls = FromPool;
            return grain;
        }
    }

    public class Grain : DispatchProxy
    {
        public ConcurrentQueue<bool>? Calls { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Calls!.Enqueue(Thread.CurrentThread.IsThreadPoolThread);
            return Activator.CreateInstance(targetMethod!.ReturnType);
        }
    }
}
