using Orleans.Runtime;
using Pbts.Api.Cluster;
using Pbts.GrainInterfaces.Operations;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Api.OperatorConsole;

/// <summary>Looks at the cluster, at most once a second however many consoles are open.</summary>
internal sealed class ClusterSnapshots(IGrainFactory grains, ClusterFigures figures, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(800);
    private static readonly TimeSpan UsersFreshness = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DeadShown = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Longer than a front end pauses between two reports and a lost one costs.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _one = new(1);
    private ClusterSnapshot? _last;
    private MembershipEntry[] _members = [];
    private (DateTimeOffset At, long? Count) _users;

    public async Task<ClusterSnapshot> GetAsync()
    {
        await _one.WaitAsync();
        try
        {
            var now = time.GetUtcNow();
            return _last is { } last && now - last.At < Freshness ? last : _last = await LookAsync(now);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<ClusterSnapshot> LookAsync(DateTimeOffset now)
    {
        // The list of members is in the database: while that is away the last one is shown.
        var members = await TryAsync(() => grains.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: false));
        if (members is not null)
            _members = members;
        if (members is not null && now - _users.At > UsersFreshness)
            _users = (now, (await TryAsync(async () => new Counted(await grains.GetGrain<IUserDirectoryGrain>(0).CountAsync())))?.Value);
        var answers = await figures.AskAsync(_members.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress));
        // Who is dead is shown for a while, once, and no longer than it takes to come back.
        var silos = _members
            .Where(member => member.Status != SiloStatus.Dead || now - Utc(member.IAmAliveTime) < DeadShown)
            .GroupBy(member => member.SiloAddress.Endpoint)
            .Select(same => same.OrderBy(member => member.Status == SiloStatus.Dead).ThenByDescending(member => member.StartTime).First())
            .OrderBy(member => member.Status == SiloStatus.Dead).ThenBy(member => member.StartTime)
            .Select(member => View(member, answers.TryGetValue(member.SiloAddress, out var held) ? held : null));
        var fronts = await TryAsync(async () => await grains.GetGrain<IFrontEndsGrain>(0).ListAsync()) ?? [];
        return new(now, [.. silos], [.. fronts.Select(front => View(front, now))], members is null ? null : _users.Count, members is not null);
    }

    private static SiloView View(MembershipEntry member, SiloFigures? figures)
    {
        var held = figures ?? default;
        return new(
            member.SiloName, $"{member.SiloAddress.Endpoint}", member.HostName, member.Status.ToString().ToLowerInvariant(), figures is not null,
            Utc(member.StartTime), Utc(member.IAmAliveTime),
            held.Swarms, held.Peers, held.Announces, held.Receipts, held.RefusedReceipts, held.Verifying, held.Committing, held.Memory);
    }

    private static FrontEndView View(FrontEndReport report, DateTimeOffset now)
    {
        var said = report.Figures;
        return new(said.Name, said.Address, said.Host, report.Age < Silence, said.StartedAt, now - report.Age, said.Served, said.PutOff, said.Refused, said.Memory);
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));

    private static async Task<T?> TryAsync<T>(Func<Task<T>> ask)
        where T : class
    {
        try
        {
            return await ask().WaitAsync(Patience);
        }
#pragma warning disable CA1031 // Whatever it was: the console says that it is not known.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    private sealed record Counted(long Value);
}
