using System.Numerics;
using Nethereum.Hex.HexConvertors.Extensions;
using Nethereum.RPC.Eth.DTOs;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Outbox;

internal sealed partial class ChainAccount
{
    private async Task<Problem?> WatchAsync(long chainId, ulong count, ulong head, CancellationToken cancellationToken)
    {
        var sent = await outbox.ReadOpenAsync(Address, chainId, ChainTransactionState.Sent, Batch);
        if (sent.Count == 0)
            return null;
        var resendAfter = TimeSpan.FromSeconds(options.ResendSeconds);
        Problem? obstacle = null;
        foreach (var row in sent)
        {
            // The node's count may be stale or wrong, so receipts are asked for now and then whatever it says.
            if ((ulong)row.Nonce! < count || row.SinceCheck > resendAfter)
            {
                if (!(await FindReceiptAsync(row, cancellationToken)).TryGet(out var mined, out var problem))
                    return problem;
                if (mined)
                    continue;
            }
            if (row.SinceBroadcast > resendAfter)
            {
                obstacle = await ResendAsync(row, count, head, cancellationToken) ?? obstacle;
            }
            else if (row.SinceAttempt > TimeSpan.FromSeconds(options.StuckSeconds))
            {
                obstacle = await BumpAsync(row, chainId, cancellationToken) ?? obstacle;
            }
        }
        return await FillGapAsync(chainId, count, (ulong)sent[0].Nonce!, cancellationToken) ?? obstacle;
    }

    /// <summary>Looks for the receipt of any signed form of a row and records it; whether there is one.</summary>
    private async Task<Outcome<bool>> FindReceiptAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        foreach (var attempt in await outbox.ReadAttemptsAsync(row.Id))
        {
            if (!(await rpc.TransactionReceiptAsync(attempt.Hash, cancellationToken)).TryGet(out var receipt, out var error))
                return error;
            if (receipt is null || !receipt.TransactionHash.IsTheSameHex(attempt.Hash))
                continue;
            return await RecordAsync(row, receipt, cancellationToken) is { } problem ? problem : true;
        }
        await outbox.NoteCheckedAsync(row.Id);
        return false;
    }

    /// <summary>Records what became of a row; null, or what keeps that from being known.</summary>
    private async Task<Problem?> RecordAsync(OutboxRow row, TransactionReceipt receipt, CancellationToken cancellationToken)
    {
        var succeeded = receipt.Succeeded();
        var error = succeeded ? null : await ReasonAsync(row, receipt, cancellationToken);
        if (succeeded && row.To is { } called && ExpectedEvents.AreMissing(row.Data, called, receipt))
        {
            // Contracts of the first generation report nothing; but then they have to be there.
            var absence = await reader.AbsenceAsync(called, cancellationToken);
            if (absence is { IsVerdict: false })
                return absence;
            if (!(await reader.VersionAsync(called, cancellationToken)).TryGet(out var version, out var unknown))
                return unknown;
            error = absence?.Text ?? (version >= 2 ? "The contract did not report the write." : null);
        }
        EthereumAddress? contract = null;
        EthereumAddress? referrer = null;
        if (succeeded && row.To is null && EthereumAddress.TryParse(receipt.ContractAddress, out var deployed))
            contract = deployed;
        if (succeeded && ReputationAbi.CreateReputation.TryDecodeCall(row.Data, out var arguments))
        {
            referrer = (EthereumAddress)arguments[0] is { IsZero: false } named ? named : null;
            contract = CreatedReputation(row.To, receipt);
            if (contract is null)
                error = "The factory did not report a new contract.";
        }
        await outbox.RecordMinedAsync(row.Id, receipt, error, contract, referrer, activate: row.Kind == TransactionKind.Init);
        LogMined(logger, row.Id, row.Kind?.ToText(), (ulong)receipt.BlockNumber.Value, error ?? "done");
        return null;
    }

    private EthereumAddress? CreatedReputation(EthereumAddress? factory, TransactionReceipt receipt)
    {
        foreach (var log in receipt.Logs)
        {
            if (factory is { } maker && ReputationAbi.ReputationCreated.TryDecode(log, maker, out var fields) && (EthereumAddress)fields[1] == Address)
            {
                return (EthereumAddress)fields[0];
            }
        }
        return null;
    }

    /// <summary>A receipt does not say why; running the call again on the state before its block usually does.</summary>
    private async Task<string> ReasonAsync(OutboxRow row, TransactionReceipt receipt, CancellationToken cancellationToken)
    {
        var before = BigInteger.Max(receipt.BlockNumber.Value - 1, 0);
        var replay = await rpc.CallAsync(Address, row.To, row.Data, (ulong)before, cancellationToken);
        // A contract that calls another, as clones call their code, keeps one part in 64 of its gas for itself (EIP-150).
        return replay.Problem is { Kind: ProblemKind.Reverted } error ? error.RevertReason ?? "reverted without a reason"
            : row.GasLimit is { } limit && limit - receipt.GasUsed.Value <= limit / 64 ? "ran out of gas" : "reverted";
    }

    private async Task<Problem?> ResendAsync(OutboxRow row, ulong count, ulong head, CancellationToken cancellationToken)
    {
        var attempts = await outbox.ReadAttemptsAsync(row.Id);
        var result = await rpc.SendRawTransactionAsync(attempts[0].Raw, cancellationToken);
        if (IsNonceTooLow(result.Problem))
            return await ReleaseIfLostAsync(row, attempts, count, head, cancellationToken);
        var refusal = result.Problem?.Text.Contains("already", StringComparison.OrdinalIgnoreCase) == true ? null : result.Problem;
        await outbox.NoteBroadcastAsync(row.Id, refusal?.Text);
        return refusal;
    }

    /// <summary>
    /// The nonce is used. If it was used by a signed form of this row, its receipt will turn up. Only when the node knows
    /// none of them and the nonce is used in a block that is final, somebody else has it, and the row needs another.
    /// </summary>
    private async Task<Problem?> ReleaseIfLostAsync(
        OutboxRow row, List<OutboxAttempt> attempts, ulong count, ulong head, CancellationToken cancellationToken)
    {
        if (!(await FindReceiptAsync(row, cancellationToken)).TryGet(out var mined, out var problem))
            return problem;
        if (mined)
            return null;
        var final = head >= (ulong)options.Confirmations ? head - (ulong)options.Confirmations + 1 : 0;
        if (!(await rpc.TransactionCountAsync(Address, final, cancellationToken)).TryGet(out var finalCount, out var error))
            return error;
        if (count <= (ulong)row.Nonce! || finalCount <= (ulong)row.Nonce)
            return null;
        foreach (var attempt in attempts)
        {
            if (!(await rpc.KnowsTransactionAsync(attempt.Hash, cancellationToken)).TryGet(out var known, out error))
                return error;
            if (known)
                return null;
        }
        if (await outbox.ReleaseAsync(row.Id, "its nonce was used by another program"))
            LogNonceLost(logger, Address, row.Nonce.Value, row.Id);
        return null;
    }

    private async Task<Problem?> BumpAsync(OutboxRow row, long chainId, CancellationToken cancellationToken)
    {
        if (!(await GasFees.ReadAsync(rpc, cancellationToken)).TryGet(out var fees, out var error))
            return error;
        var last = (await outbox.ReadAttemptsAsync(row.Id))[0];
        var raised = fees.Replacing(last.MaxFee, last.Tip);
        if (raised.Within(options.MaxFeeGwei, raised.MaxFee) is not { } affordable)
        {
            await outbox.NoteObstacleAsync(row.Id, $"Waits for cheaper gas: the next fee would exceed {options.MaxFeeGwei} gwei (Chain:MaxFeeGwei)");
            return null;
        }
        // The limit may be what is wrong: the node estimated too low, or the call has become dearer since.
        var limit = (ulong)row.GasLimit!;
        var estimate = await rpc.EstimateGasAsync(Address, row.To, row.Data, cancellationToken);
        if (estimate.TryGet(out var gas, out _) && gas <= affordable.BlockGasLimit)
            limit = Math.Max(limit, WithMargin(gas, affordable));
        var attempt = Sign(row, chainId, (ulong)row.Nonce!, limit, last.Number + 1, affordable);
        if (!await outbox.BumpAsync(row.Id, attempt, limit))
            return null;
        LogBumped(logger, row.Id, attempt.Hash, attempt.MaxFee);
        return await BroadcastAsync(row.Id, attempt, cancellationToken);
    }

    /// <summary>
    /// Between what the chain has and the lowest that is waiting there may be nonces nobody holds, for instance because a
    /// node once claimed too many were used. Nothing behind such a gap is ever mined, so it is filled.
    /// </summary>
    private async Task<Problem?> FillGapAsync(long chainId, ulong count, ulong lowestSent, CancellationToken cancellationToken)
    {
        if (count >= lowestSent)
            return null;
        var held = await outbox.ClaimedNoncesAsync(Address, chainId, (long)count);
        // Whatever is held below is mined, as far as we know, and the node merely lags.
        if (held[0] < (long)lowestSent)
            return null;
        var gap = lowestSent - count;
        if (gap > MaxNonceLead)
            return await StartAnewAsync(chainId, gap, lowestSent);
        if (!(await GasFees.ReadAsync(rpc, cancellationToken)).TryGet(out var fees, out var error))
            return error;
        if (fees.Within(options.MaxFeeGwei, fees.MaxFee / 2) is not { } affordable)
            return null;
        for (var nonce = count; nonce < lowestSent; nonce++)
        {
            var id = Guid.NewGuid();
            await outbox.AddAsync(Address, chainId, new ChainSubmission(id, TransactionKind.Filler, "", Address, []));
            var row = new OutboxRow(
                id, TransactionKind.Filler, ChainTransactionState.Queued, Address, [], null, null, 0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, null, null);
            var attempt = Sign(row, chainId, nonce, 21_000, 1, affordable);
            if (!await outbox.ClaimAsync(id, nonce, 21_000, attempt))
                await outbox.FailAsync(id, "not needed");
            else if (await BroadcastAsync(id, attempt, cancellationToken) is { } refusal)
                return refusal;
        }
        return null;
    }

    /// <summary>
    /// At the first write of all there is nothing to hold the node's count against. When it then turns out to have been far
    /// too high, what was sent gets new nonces; the old forms cannot be mined before the account has got that far.
    /// </summary>
    private async Task<Problem?> StartAnewAsync(long chainId, ulong gap, ulong lowestSent)
    {
        if (await outbox.HasMinedAsync(Address, chainId))
            return new(ProblemKind.Unavailable, $"{gap} nonces of {Address} are missing before {lowestSent}.");
        foreach (var row in await outbox.ReadOpenAsync(Address, chainId, ChainTransactionState.Sent, Batch))
            if (await outbox.ReleaseAsync(row.Id, "the node had named a wrong nonce"))
                LogNonceWrong(logger, Address, row.Nonce!.Value, row.Id);
        return null;
    }

    /// <summary>Looks whether mined rows are still where they were, and marks those that are deep enough.</summary>
    private async Task<Problem?> ConfirmAsync(long chainId, ulong head, CancellationToken cancellationToken)
    {
        foreach (var row in await outbox.ReadOpenAsync(Address, chainId, ChainTransactionState.Mined, 10 * Batch))
        {
            var attempts = await outbox.ReadAttemptsAsync(row.Id);
            TransactionReceipt? receipt = null;
            foreach (var attempt in attempts)
            {
                if (!(await rpc.TransactionReceiptAsync(attempt.Hash, cancellationToken)).TryGet(out receipt, out var error))
                    return error;
                if (receipt is not null)
                    break;
            }
            if (receipt is null)
            {
                if (!await outbox.UnmineAsync(row.Id))
                    continue;
                LogReorganised(logger, row.Id);
                await BroadcastAsync(row.Id, attempts[0], cancellationToken);
            }
            else if (receipt.BlockHash != row.BlockHash)
            {
                if (await RecordAsync(row, receipt, cancellationToken) is { } problem)
                    return problem;
            }
            else if (head + 1 >= receipt.BlockNumber.Value + options.Confirmations)
            {
                await outbox.ConfirmAsync(row.Id);
            }
        }
        return null;
    }
}
