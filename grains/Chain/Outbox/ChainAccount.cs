using System.Numerics;
using Microsoft.Extensions.Logging;
using Pbts.GrainInterfaces.Chain;
using Pbts.Grains.Chain.Contracts;
using Pbts.Hosting.Configuration;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>
/// Moves one key's outbox forward: signs and sends what is queued, watches what is sent, raises fees of what is stuck,
/// and brings back what a reorganisation took out. All it knows is in the database, so it may stop anywhere, and a
/// second one working on the same outbox does no harm.
/// </summary>
internal sealed partial class ChainAccount(
    EthereumRpcClient rpc, ReputationReader reader, EthereumPrivateKey key, ChainOptions options, ChainOutbox outbox, ILogger logger)
{
    /// <summary>A node that says the account is further than this ahead of all we know is not believed.</summary>
    private const int MaxNonceLead = 64;
    private const int Batch = 100;

    /// <summary>Gas that every transaction burns; a node that estimates less is not believed.</summary>
    private const int LeastGas = 21_000;

    private string? _lastHead;
    private bool _looked;

    public EthereumAddress Address => key.Address;

    /// <summary>Takes a transaction into the outbox; null, or why it is refused.</summary>
    public async Task<Problem?> SubmitAsync(ChainSubmission submission, CancellationToken cancellationToken = default)
    {
        var known = await outbox.ReadChainAsync();
        var answer = await rpc.ChainIdAsync(cancellationToken);
        if (!answer.TryGet(out var actual, out var error))
        {
            if (known is null)
                return error with { Text = $"The Ethereum node does not answer ({error.Text}), and this tracker has not used a chain before." };
        }
        else if (actual is 0 or > long.MaxValue)
        {
            return new(ProblemKind.Malformed, $"The node's chain id {actual} is out of range.");
        }
        else
        {
            known = await outbox.NoteChainAsync((long)actual);
            if (known != (long)actual)
                return WrongChain(known.Value, actual);
        }
        await outbox.AddAsync(Address, known.Value, submission);
        return null;
    }

    /// <summary>One round. Gives what stands in the way, for the log and the status page, or null.</summary>
    public async Task<Problem?> PumpAsync(CancellationToken cancellationToken = default)
    {
        if (await outbox.ReadChainAsync() is not { } chainId || (_looked && !await outbox.HasOpenAsync(Address)))
            return null;
        if (!(await rpc.ChainIdAsync(cancellationToken)).TryGet(out var actual, out var error))
            return error;
        if (actual != (ulong)chainId)
            return WrongChain(chainId, actual);
        if (!(await rpc.LatestBlockAsync(cancellationToken)).TryGet(out var head, out error))
            return error;
        if (!(await rpc.TransactionCountAsync(Address, pending: false, cancellationToken)).TryGet(out var count, out error))
            return error;

        // A node that was restored from older data has lost what was final; it is looked at again like any reorganisation.
        if (await outbox.ReopenAsync(Address, chainId, count) > 0)
            _lastHead = null;
        _looked = true;
        var obstacle = await WatchAsync(chainId, count, (ulong)head.Number.Value, cancellationToken);
        obstacle = await SendQueuedAsync(chainId, count, cancellationToken) ?? obstacle;
        // By hash: a reorganisation may well leave the height as it was.
        if (_lastHead != head.BlockHash)
        {
            obstacle = await ConfirmAsync(chainId, (ulong)head.Number.Value, cancellationToken) ?? obstacle;
            _lastHead = obstacle is null ? head.BlockHash : null;
        }
        return obstacle;
    }

    /// <summary>What is said of a node that is on another chain than this tracker's records.</summary>
    public static Problem WrongChain(long known, ulong actual) => new(
        ProblemKind.Unavailable, $"The Ethereum node is on chain {actual}, but this tracker's contracts and transactions are on chain {known}. Point RPC at the right node, or use another database.");

    private async Task<Problem?> SendQueuedAsync(long chainId, ulong count, CancellationToken cancellationToken)
    {
        var queued = await outbox.ReadOpenAsync(Address, chainId, ChainTransactionState.Queued, Batch);
        if (queued.Count == 0)
            return null;
        if (!(await GasFees.ReadAsync(rpc, cancellationToken)).TryGet(out var fees, out var error))
            return error;
        if (fees.Within(options.MaxFeeGwei, fees.MaxFee / 2) is not { } affordable)
        {
            var costly = $"Gas costs more than the limit of {options.MaxFeeGwei} gwei (Chain:MaxFeeGwei)";
            await outbox.NoteObstacleAsync(queued[0].Id, costly);
            return new(ProblemKind.Unavailable, costly);
        }
        var inFlight = await outbox.CountSentAsync(Address, chainId);
        var present = new HashSet<EthereumAddress>();
        foreach (var row in queued)
        {
            if (inFlight >= options.MaxInFlight)
                return null;
            // Sent to where no contract is, a call would succeed and do nothing.
            if (row.To is { } contract && row.Data.Length > 0 && !present.Contains(contract))
            {
                if (await reader.AbsenceAsync(contract, cancellationToken) is { } absence)
                {
                    if (absence.IsVerdict && inFlight == 0)
                    {
                        await outbox.FailAsync(row.Id, absence.Text);
                        continue;
                    }
                    await outbox.NoteObstacleAsync(row.Id, absence.Text);
                    return absence;
                }
                present.Add(contract);
            }
            if (!(await rpc.EstimateGasAsync(Address, row.To, row.Data, cancellationToken)).TryGet(out var gas, out error))
            {
                // A call may depend on ours that are not mined yet, which not every node counts in: then it has to wait.
                if (error.IsVerdict && inFlight == 0)
                {
                    await outbox.FailAsync(row.Id, error.RevertReason ?? error.Text);
                    continue;
                }
                await outbox.NoteObstacleAsync(row.Id, error.Text);
                return error;
            }
            if (gas < LeastGas)
                return new(ProblemKind.Malformed, $"The node estimates {gas} gas for a transaction: not believed.");
            if (gas > affordable.BlockGasLimit)
            {
                await outbox.FailAsync(row.Id, $"It needs {gas} gas, and a block holds {affordable.BlockGasLimit}.");
                continue;
            }
            var refusal = await ClaimAndSendAsync(row, chainId, count, WithMargin(gas, affordable), affordable, cancellationToken);
            if (refusal is not null)
                return refusal;
            inFlight++;
        }
        return null;
    }

    /// <summary>The limit for a transaction that is estimated to burn <paramref name="gas"/>.</summary>
    private ulong WithMargin(ulong gas, GasFees fees) => (ulong)BigInteger.Min((BigInteger)gas * (100 + options.GasMarginPercent) / 100, fees.BlockGasLimit);

    /// <summary>Claims the lowest free nonce for a row, then sends it. Whoever else takes the row or the nonce meanwhile wins.</summary>
    private async Task<Problem?> ClaimAndSendAsync(
        OutboxRow row, long chainId, ulong count, ulong gasLimit, GasFees fees, CancellationToken cancellationToken)
    {
        var highest = await outbox.HighestNonceAsync(Address, chainId);
        if (highest >= 0 && count > (ulong)(highest + 1 + MaxNonceLead))
        {
            return new(ProblemKind.Malformed, $"The node says {Address} has sent {count} transactions, this tracker knows of {highest + 1}: not believed.");
        }
        var taken = (await outbox.ClaimedNoncesAsync(Address, chainId, (long)count)).ToHashSet();
        for (var nonce = count; ; nonce++)
        {
            if (taken.Contains((long)nonce))
                continue;
            var attempt = Sign(row, chainId, nonce, gasLimit, row.Attempts + 1, fees);
            if (await outbox.ClaimAsync(row.Id, nonce, gasLimit, attempt))
            {
                return await BroadcastAsync(row.Id, attempt, cancellationToken);
            }
            if (await outbox.FindAsync(row.Id) is not { State: ChainTransactionState.Queued })
                return null;
        }
    }

    private OutboxAttempt Sign(OutboxRow row, long chainId, ulong nonce, ulong gasLimit, int number, GasFees fees)
    {
        var (hash, raw) = key.Sign(fees.Transaction((ulong)chainId, nonce, gasLimit, row.To, row.Data));
        return new OutboxAttempt(hash, number, raw, fees.MaxFee, fees.Tip);
    }

    /// <summary>Hands a signed form to the node; null, or what the node has against it. What is refused stays on record and is tried again.</summary>
    private async Task<Problem?> BroadcastAsync(Guid id, OutboxAttempt attempt, CancellationToken cancellationToken)
    {
        var result = await rpc.SendRawTransactionAsync(attempt.Raw, cancellationToken);
        if (result.TryGet(out _, out var error) || error.Text.Contains("already known", StringComparison.OrdinalIgnoreCase)
            || error.Text.Contains("already imported", StringComparison.OrdinalIgnoreCase))
        {
            await outbox.NoteBroadcastAsync(id, null);
            return null;
        }
        await outbox.NoteBroadcastAsync(id, error.Text);
        LogNotTaken(logger, id, error.Text);
        // "nonce too low" is no news to stop for: it is mined, or the next rounds find out who used the nonce.
        return IsNonceTooLow(error) ? null : error;
    }

    private static bool IsNonceTooLow(Problem? problem) => problem?.Text.Contains("nonce too low", StringComparison.OrdinalIgnoreCase) == true;

    [LoggerMessage(LogLevel.Warning, "The Ethereum node did not take transaction {Id}: {Problem}")]
    private static partial void LogNotTaken(ILogger logger, Guid id, string problem);

    [LoggerMessage(LogLevel.Warning, "Transaction {Id} was not mined in time; sent again as {Hash} with a fee of {Fee} wei")]
    private static partial void LogBumped(ILogger logger, Guid id, string hash, BigInteger fee);

    [LoggerMessage(LogLevel.Warning, "Transaction {Id} fell out of the chain in a reorganisation and is sent again")]
    private static partial void LogReorganised(ILogger logger, Guid id);

    [LoggerMessage(LogLevel.Warning, "Another program used nonce {Nonce} of {Account}; transaction {Id} gets a new one")]
    private static partial void LogNonceLost(ILogger logger, EthereumAddress account, long nonce, Guid id);

    [LoggerMessage(LogLevel.Warning, "The node had named nonce {Nonce} of {Account}, which is far too high; transaction {Id} gets a new one")]
    private static partial void LogNonceWrong(ILogger logger, EthereumAddress account, long nonce, Guid id);

    [LoggerMessage(LogLevel.Information, "Transaction {Id} ({Kind}) is mined in block {Block}: {Outcome}")]
    private static partial void LogMined(ILogger logger, Guid id, string? kind, ulong block, string outcome);
}
