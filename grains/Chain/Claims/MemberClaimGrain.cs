using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Grains.Issuers;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;

namespace Pbts.Grains.Chain.Claims;

/// <summary>Runs claims by a timer while any is open; a reminder keeps it going through crashes and restarts.</summary>
[Reentrant]
internal sealed partial class MemberClaimGrain(
    ChainConnection connection, ClaimStore store, MemberSyncStore imports, SyncBudget budget, ContractRecords contracts, ChainOutbox outbox, IChainSubmitter chain,
    ImportStore brought, IOptions<IssuersOptions> issuers, ILogger<MemberClaimGrain> logger)
    : Grain, IMemberClaimGrain, IRemindable
{
    private MemberClaims? _claims;
    private Pump? _pump;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (connection is not { Rpc: { } rpc, Reader: { } reader, Key: { } key })
            return Task.CompletedTask;
        _claims = new MemberClaims(rpc, reader, key.Address, connection.Options, store, imports, budget, contracts, outbox, chain,
            issuers.Value.Referrers ? null : new ReferrerImports(rpc, imports, brought));
        _pump = new Pump(this, "claims", TimeSpan.FromMilliseconds(connection.Options.PollMilliseconds), RoundAsync, LogProblem);
        _pump.Start(TimeSpan.Zero);
        return Task.CompletedTask;
    }

    public async Task<ContractResult<ClaimView>> ClaimAsync(string userId, byte[] proof)
    {
        if (_claims is null || _pump is null)
            return new Problem(ProblemKind.NotConfigured, "No node or no signing key is configured (RPC, PK0).");
        await _pump.RemindAsync();
        var result = await _claims.ClaimAsync(userId, proof);
        _pump.Wake();
        if (result.TryGet(out var claim, out var problem))
            return claim.ToView();
        // The record that is there already may be the member's.
        if (problem.Kind == ProblemKind.Refused)
            await GrainFactory.GetGrain<IMemberSyncGrain>(0).MemberProvenAsync();
        return problem;
    }

    public Task ResumeAsync()
    {
        _pump?.Wake();
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _pump?.Wake();
        return Task.CompletedTask;
    }

    private async Task<Problem?> RoundAsync(CancellationToken cancellationToken)
    {
        var problem = await _claims!.RoundAsync(cancellationToken);
        if (await store.HasOpenAsync())
            return problem;
        _pump!.Rest();
        await _pump.ForgetAsync();
        // Somebody may have claimed while the reminder went away.
        if (await store.HasOpenAsync())
        {
            await _pump.RemindAsync();
            _pump.Wake();
        }
        return problem;
    }

    [LoggerMessage(LogLevel.Warning, "Members are not taken over: {Problem}")]
    private partial void LogProblem(Exception? exception, string problem);
}
