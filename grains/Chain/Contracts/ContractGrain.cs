using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Tee;
using Pbts.Grains.Chain.Outbox;
using Pbts.Grains.Chain.Sync;
using Pbts.Grains.Settings;
using Pbts.Protocol;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>Requests about the active contract: reads go to the node, writes to the account's outbox.</summary>
[StatelessWorker, Reentrant]
internal sealed class ContractGrain(
    ChainConnection connection, ChainOutbox outbox, ContractRecords contracts, ContractTurns turns, SettingsStore settings, MemberStanding standing, SyncBudget budget,
    IChainSubmitter chain)
    : Grain, IContractGrain
{
    private static readonly Problem NotConfigured = new(ProblemKind.NotConfigured, "The contract interface is not configured: set RPC, PK0 and FACTORY.");
    private const string ForReading = "No Reputation contract initialized";
    private const string ForWriting = "No Reputation contract initialized. Call /contract/init first.";

    private static readonly Problem UserNotFound = new(ProblemKind.NotFound, "User not found");

    /// <summary>Attestation of a tracker without trusted hardware; logged by the factory, checked by nobody.</summary>
    private static readonly byte[] NoAttestation = "PBTS-Tracker-v1.0"u8.ToArray();

    private IChainAccountGrain Account => GrainFactory.GetGrain<IChainAccountGrain>(connection.Key!.Address.ToString());

    private ReputationReader? Reader => connection.Reader;

    public async Task<ContractStatus> GetStatusAsync()
    {
        var active = await contracts.ReadActiveAsync();
        var sync = await budget.ReadAsync();
        var status = new ContractStatus
        {
            Configured = connection is { Rpc: not null, Key: not null, Factory: not null },
            RpcUrl = connection.DisplayUrl,
            AccountAddress = connection.Key?.Address.ToString(),
            FactoryAddress = connection.Factory?.ToString(),
            ReputationAddress = active?.ToString(),
            Pending = await outbox.CountPendingAsync(),
            SyncGasUsed = sync.GasUsed,
            SyncGasPerDay = connection.Options.SyncGasPerDay,
            SyncPausedSince = sync.PausedSince,
            SyncWaiting = sync.Waiting,
        };
        if (connection.Rpc is null)
            return status with { Problem = "No node is configured (RPC)." };
        if (!(await connection.Rpc.ChainIdAsync()).TryGet(out var chainId, out var error))
            return status with { Problem = error.Text };
        var known = await outbox.ReadChainAsync();
        status = status with
        {
            Connected = true,
            ChainId = chainId.ToString(CultureInfo.InvariantCulture),
            Problem = known is { } bound && (ulong)bound != chainId ? ChainAccount.WrongChain(bound, chainId).Text : null,
        };
        if (status.Problem is not null)
            return status;
        if (connection.Factory is { } factory && await Reader!.AbsenceAsync(factory) is { } missing)
            status = status with { Problem = $"FACTORY: {missing.Text}." };
        if (active is null && (await ActiveAsync(ForReading)).TryGet(out var found, out _))
            active = found;
        if (active is null)
            return status;
        if (await Reader!.AbsenceAsync(active.Value) is { } absence)
            return status with { Problem = $"The active contract: {absence.Text}." };
        if (status.Problem is null && sync.PausedSince is not null)
            status = status with { Problem = SyncBudgetState.UsedUp(connection.Options.SyncGasPerDay) };
        var chain = new List<string>();
        await foreach (var link in Reader!.ChainAsync(active.Value))
        {
            if (!link.TryGet(out var address, out error))
                return status with { Problem = error.Text };
            chain.Add(address.ToString());
        }
        return status with { ReputationAddress = active.ToString(), Referrers = chain[1..] };
    }

    public Task<ContractResult<ChainTransaction>> InitAsync(string? referrer, TimeSpan wait) => SendAsync(async () =>
    {
        if (connection is not { Rpc: not null, Key: not null, Factory: { } factory })
            return NotConfigured;
        var predecessor = EthereumAddress.Zero;
        if (referrer is not null && !EthereumAddress.TryParse(referrer, out predecessor))
            return new Problem(ProblemKind.Invalid, "referrer_address is not an address");
        if (!predecessor.IsZero)
        {
            if (!(await Reader!.OwnerAsync(predecessor)).TryGet(out var owner, out var problem))
                return problem;
            if (owner is null)
                return new Problem(ProblemKind.Invalid, "referrer_address is not a Reputation contract");
        }
        var attestation = NoAttestation;
        if ((await settings.GetAsync()).Mode != TeeMode.Disabled)
        {
            var payload = Encoding.UTF8.GetBytes($"createReputation:{factory}:{predecessor}");
            var made = await GrainFactory.GetGrain<ITeeGrain>(0).AttestAsync(AttestationPurpose.Contract, payload, RandomNumberGenerator.GetBytes(AttestationClaims.NonceSize));
            if (made.Value is null)
                return new Problem(ProblemKind.Unavailable, "No attestation for the contract: " + made.Problem);
            attestation = made.Value.Document;
        }
        return Submission(TransactionKind.Init, predecessor.ToString(), factory, ReputationAbi.CreateReputation.EncodeCall(predecessor, attestation));
    }, wait);

    public Task<ContractResult<ChainTransaction>> RegisterAsync(ContractRegistration registration, TimeSpan wait) => SendAsync(async () =>
    {
        if (!(await ActiveAsync(ForWriting)).TryGet(out var contract, out var problem))
            return problem;
        if (!(await Reader!.GetUserAsync(contract, registration.Username)).TryGet(out var user, out problem))
            return problem;
        // The contract would silently replace the record, totals and all.
        if (user is not null)
            return new Problem(ProblemKind.Refused, "User exists");
        var call = ReputationAbi.AddUser.EncodeCall(
            registration.Username, registration.Salt, registration.PasswordHash, (BigInteger)registration.DownloadSize, (BigInteger)registration.UploadSize);
        return Submission(TransactionKind.Register, registration.Username, contract, call);
    }, wait);

    public Task<ContractResult<ChainTransaction>> UpdateAsync(string username, decimal downloadSize, decimal uploadSize, TimeSpan wait) => SendAsync(async () =>
    {
        if (!(await ActiveAsync(ForWriting)).TryGet(out var contract, out var problem))
            return problem;
        return Submission(TransactionKind.Update, username, contract, ReputationAbi.UpdateUser.EncodeCall(username, (BigInteger)downloadSize, (BigInteger)uploadSize));
    }, wait);

    public async Task<ContractResult<ChainTransaction>> MigrateAsync(string username, TimeSpan wait)
    {
        EthereumAddress contract = default;
        var sent = await SendAsync(async () =>
        {
            if (!(await ActiveAsync(ForWriting)).TryGet(out contract, out var problem))
                return problem;
            if (!(await Reader!.ResolveAsync(contract, username)).TryGet(out var found, out problem))
                return problem;
            if (found is null)
                return new Problem(ProblemKind.NotFound, "No referrer has this user");
            return Submission(TransactionKind.Migrate, username, contract, ReputationAbi.MigrateUserData.EncodeCall(username));
        }, wait);
        if (sent.Value is not { IsDone: true } transaction)
            return sent;
        // A contract may take the call and still leave the user where it is (record over its limits, one level too far).
        var now = await Reader!.GetUserAsync(contract, username);
        return now.TryGet(out var user, out _) && user is null
            ? new(null, new ContractProblem(ContractProblemKind.Reverted, "The contract did not take the user over", transaction))
            : sent;
    }

    public async Task<ContractResult<ContractUser>> GetUserAsync(string username)
    {
        if (!(await ActiveAsync(ForReading)).TryGet(out var contract, out var problem))
            return problem;
        if (!(await Reader!.GetUserAsync(contract, username)).TryGet(out var user, out problem))
            return problem;
        return user is null ? UserNotFound : user.ToView(contract);
    }

    public async Task<ContractResult<ContractUser>> ResolveAsync(string username)
    {
        if (!(await ActiveAsync(ForReading)).TryGet(out var contract, out var problem))
            return problem;
        if (!(await Reader!.ResolveAsync(contract, username)).TryGet(out var found, out problem))
            return problem;
        return found is { } hit ? hit.User.ToView(hit.Holder) : UserNotFound;
    }

    public Task<bool> ApproveAsync(string username) => standing.ApproveAsync(username);

    public Task<bool> LinkAsync(string username) => standing.LinkAsync(username);

    public Task<bool> RevokeAsync(string username) => standing.RevokeAsync(username);

    public Task<ChainTransaction?> FindAsync(string hashOrId) =>
        Guid.TryParse(hashOrId, out var id) ? outbox.FindAsync(id) : outbox.FindAsync(null, hashOrId.ToLowerInvariant());

    /// <summary>The active contract.</summary>
    /// <param name="none">What is said when there is none.</param>
    private async Task<Outcome<EthereumAddress>> ActiveAsync(string none)
    {
        if (Reader is null)
            return NotConfigured;
        if (!(await new ActiveContract(Reader, connection.Options, contracts).FindAsync()).TryGet(out var active, out var problem))
            return problem;
        return active is { } contract ? contract : new Problem(ProblemKind.NotInitialised, none);
    }

    private static ChainSubmission Submission(TransactionKind kind, string subject, EthereumAddress to, byte[] data) => new(Guid.NewGuid(), kind, subject, to, data);

    /// <summary>Hands a transaction to the account's outbox and waits for the chain.</summary>
    /// <param name="prepare">Gives the transaction, or why there is none.</param>
    /// <param name="wait">How long.</param>
    private async Task<ContractResult<ChainTransaction>> SendAsync(Func<Task<Outcome<ChainSubmission>>> prepare, TimeSpan wait)
    {
        if (!(await turns.TakeAsync(() => SubmitAsync(prepare))).TryGet(out var submission, out var problem))
            return problem;
        var transaction = await Account.WaitAsync(submission.Id, wait) ?? throw new InvalidOperationException("A submitted transaction is not on record.");
        return transaction.State == ChainTransactionState.Failed || transaction.Succeeded == false || (transaction.IsDone && transaction.Error is not null)
            ? new ContractResult<ChainTransaction>(null, new(ContractProblemKind.Reverted, transaction.Error ?? "reverted", transaction))
            : transaction;
    }

    private async Task<Outcome<ChainSubmission>> SubmitAsync(Func<Task<Outcome<ChainSubmission>>> prepare)
    {
        if (connection.Key is null)
            return NotConfigured;
        if (!(await prepare()).TryGet(out var submission, out var problem))
            return problem;
        // Written to the old contract, it would be missing on the new one when the user has moved already.
        if (await contracts.IsMigratingAsync())
            return new Problem(ProblemKind.Refused, "A migration is not finished: wait for it, or cancel it");
        if (EthereumAddress.TryParse(submission.To, out var to) && await Reader!.AbsenceAsync(to) is { } absence)
            return absence;
        return await chain.SubmitAsync(submission) is { } refusal ? refusal : submission;
    }
}
