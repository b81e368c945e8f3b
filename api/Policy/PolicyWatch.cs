using Pbts.Api.Administration;
using Pbts.Api.Announce;
using Pbts.Api.Announce.Access;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Site;

namespace Pbts.Api.Policy;

/// <summary>
/// Asks twice a second what has changed of members, clients and tokens, so that what is said anywhere holds here within a second and
/// no announce has to ask. While the cluster is away it goes on with what it knows.
/// </summary>
internal sealed class PolicyWatch(IGrainFactory grains, IUserDirectory users, ClientRules clients, SiteRules site, ApiTokens tokens, UnregisteredTorrents unregistered, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);

    /// <summary>A turn.</summary>
    private const int MostUnregistered = 1000;

    /// <summary>When a token was used last is known to the minute.</summary>
    private static readonly TimeSpan TouchEvery = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (last, touched) = (-1L, 0L);
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await PoolThread.Enter();
                var changes = await grains.GetGrain<IPolicyGrain>(0).GetChangesAsync(last);
                if (changes.Clients is { } rules)
                    clients.Replace(rules);
                if (changes.Groups is { } groups && changes.Factors is { } factors)
                    site.Replace(groups, factors);
                if (changes.Tokens is { } grants)
                    tokens.Replace(grants);
                if (changes.MayHaveMissed)
                    users.ForgetAll();
                foreach (var user in changes.Users)
                    users.Forget(user);
                last = changes.Last;
                if (unregistered.Take(MostUnregistered) is { Count: > 0 } noted)
                    await grains.GetGrain<ISiteGrain>(0).NoteUnregisteredAsync(noted);
                if (time.GetElapsedTime(touched) > TouchEvery && tokens.TakeUsed() is { Count: > 0 } used)
                {
                    touched = time.GetTimestamp();
                    await grains.GetGrain<IApiTokensGrain>(0).TouchAsync(used);
                }
            }
#pragma warning disable CA1031 // Whatever it was, a silo of another version perhaps: asked again in half a second, from where it was.
            catch (Exception)
#pragma warning restore CA1031
            {
            }
        }
        while (await NextAsync(timer, stoppingToken));
    }

    private static async ValueTask<bool> NextAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
