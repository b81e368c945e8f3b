using System.Numerics;
using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>Reads Reputation contracts, of this project and of the first generation. A contract may answer anything.</summary>
internal sealed class ReputationReader(EthereumRpcClient rpc)
{
    /// <summary>Contracts looked through behind one another.</summary>
    public const int MaxDepth = 64;

    /// <summary>The owner; null when there is no Reputation contract at the address.</summary>
    public async Task<Outcome<EthereumAddress?>> OwnerAsync(EthereumAddress contract, CancellationToken cancellationToken = default) =>
        await AddressAsync(contract, ReputationAbi.Owner, cancellationToken);

    /// <summary>The contract's referrer; null when it has none.</summary>
    public async Task<Outcome<EthereumAddress?>> ReferrerAsync(EthereumAddress contract, CancellationToken cancellationToken = default) =>
        await AddressAsync(contract, ReputationAbi.ReferrerReputation, cancellationToken);

    /// <summary>Why there is nothing to call at an address; null when there is code.</summary>
    public async Task<Problem?> AbsenceAsync(EthereumAddress address, CancellationToken cancellationToken = default)
    {
        if (!(await rpc.CodeAsync(address, null, cancellationToken)).TryGet(out var code, out var error))
            return error;
        return code.Length > 0 ? null : new(ProblemKind.Reverted, $"There is no contract at {address}: the chain was reset, or the node is on another one");
    }

    /// <summary>2 to 4 for contracts of this project, 1 for those of the first generation.</summary>
    public async Task<Outcome<int>> VersionAsync(EthereumAddress contract, CancellationToken cancellationToken = default)
    {
        var result = await AskAsync(contract, ReputationV2Abi.Version, cancellationToken);
        if (result.Problem is { } error)
            return IsAnswer(error) ? new(1) : new(error);
        result.TryGet(out var values, out _);
        return new(values is [BigInteger version] && version >= 2 ? (int)BigInteger.Min(version, 4) : 1);
    }

    /// <summary>Sequence of the contract's newest root; 0 when it has none, or keeps none.</summary>
    public async Task<Outcome<long>> AnchorSequenceAsync(EthereumAddress contract, CancellationToken cancellationToken = default)
    {
        var result = await AskAsync(contract, ReputationV4Abi.AnchorSequence, cancellationToken);
        if (result.Problem is { } error)
            return IsAnswer(error) ? new(0L) : new(error);
        result.TryGet(out var values, out _);
        return values is [BigInteger last] && last < long.MaxValue ? new((long)last) : new(Unreadable);
    }

    /// <summary>The root a contract anchored with a sequence, 32 bytes; all zero when it does not keep it, or keeps none.</summary>
    public async Task<Outcome<byte[]>> RootAtAsync(EthereumAddress contract, long sequence, CancellationToken cancellationToken = default)
    {
        var result = await AskAsync(contract, ReputationV4Abi.RootAt, cancellationToken, (ulong)sequence);
        if (result.Problem is { } error)
            return IsAnswer(error) ? new(new byte[32]) : new(error);
        result.TryGet(out var values, out _);
        return new((byte[])values![0]);
    }

    /// <summary>Whether the contract has ended; those of the first generation never do.</summary>
    public async Task<Outcome<bool>> IsRetiredAsync(EthereumAddress contract, CancellationToken cancellationToken = default)
    {
        var result = await AskAsync(contract, ReputationV2Abi.Retired, cancellationToken);
        if (result.Problem is { } error)
            return IsAnswer(error) ? new(false) : new(error);
        result.TryGet(out var values, out _);
        return new(values is [true]);
    }

    /// <summary>The record a contract holds itself; null when it has none.</summary>
    public async Task<Outcome<ReputationUser?>> GetUserAsync(EthereumAddress contract, string username, CancellationToken cancellationToken = default)
    {
        if (!(await AskAsync(contract, ReputationAbi.GetUserData, cancellationToken, username)).TryGet(out var values, out var error))
            return new(error);
        var user = ReputationUser.From((object[])values[0], []);
        if (!user.Exists)
            return new((ReputationUser?)null);
        // Keys are an addition: a contract without them is as good.
        var key = await AskAsync(contract, ReputationV2Abi.PublicKeyOf, cancellationToken, username);
        if (key.Problem is { } failed && !IsAnswer(failed))
            return new(failed);
        return new(key.TryGet(out var bytes, out _) && bytes is [byte[] { Length: 48 } publicKey] ? user with { PublicKey = publicKey } : user);
    }

    /// <summary>The record of a contract or else of the nearest referrer that has it, and who holds it; null when nobody does.</summary>
    public async Task<Outcome<(ReputationUser User, EthereumAddress Holder)?>> ResolveAsync(
        EthereumAddress contract, string username, CancellationToken cancellationToken = default)
    {
        // A contract of this project looks through its referrers itself, in one call.
        var asked = await AskAsync(contract, ReputationV2Abi.ResolveUser, cancellationToken, username);
        if (asked.TryGet(out var answer, out var failure))
        {
            var source = (EthereumAddress)answer[2];
            return new(source.IsZero ? null : (ReputationUser.From((object[])answer[0], (byte[])answer[1] is { Length: 48 } key ? key : []), source));
        }
        if (!IsAnswer(failure))
            return new(failure);
        await foreach (var link in ChainAsync(contract, cancellationToken))
        {
            if (!link.TryGet(out var address, out var error))
                return new(error);
            var found = await GetUserAsync(address, username, cancellationToken);
            if (found.Problem is { } failed && !IsAnswer(failed))
                return new(failed);
            // A contract that gives somebody else's record does not have this one.
            if (found.TryGet(out var user, out _) && user is not null && user.Username == username)
                return new((user, address));
        }
        return new(((ReputationUser, EthereumAddress)?)null);
    }

    /// <summary>The contract and its referrers, nearest first; ends at a loop and after <see cref="MaxDepth"/>.</summary>
    public async IAsyncEnumerable<Outcome<EthereumAddress>> ChainAsync(
        EthereumAddress contract, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var seen = new HashSet<EthereumAddress>();
        for (EthereumAddress? at = contract; at is { } address && seen.Count < MaxDepth && seen.Add(address);)
        {
            yield return new Outcome<EthereumAddress>(address);
            if (!(await ReferrerAsync(address, cancellationToken)).TryGet(out at, out var error))
            {
                yield return new Outcome<EthereumAddress>(error);
                yield break;
            }
        }
    }

    /// <summary>The contract and its referrers, nearest first.</summary>
    public async Task<Outcome<IReadOnlyList<EthereumAddress>>> BehindAsync(EthereumAddress contract, CancellationToken cancellationToken = default)
    {
        var chain = new List<EthereumAddress>();
        await foreach (var link in ChainAsync(contract, cancellationToken))
        {
            if (!link.TryGet(out var address, out var error))
                return error;
            chain.Add(address);
        }
        return new(chain);
    }

    /// <summary>Whether the failure is the contract's answer, and no fault of the node.</summary>
    private static bool IsAnswer(Problem error) => error.IsVerdict || ReferenceEquals(error, Unreadable);

    private static readonly Problem Unreadable = new(ProblemKind.Malformed, "The contract's answer is not that of a Reputation contract");

    private async Task<Outcome<EthereumAddress?>> AddressAsync(EthereumAddress contract, AbiFunction function, CancellationToken cancellationToken)
    {
        var result = await AskAsync(contract, function, cancellationToken);
        if (result.Problem is { } error)
            return IsAnswer(error) ? new((EthereumAddress?)null) : new(error);
        result.TryGet(out var values, out _);
        return new(values is [EthereumAddress { IsZero: false } address] ? address : (EthereumAddress?)null);
    }

    private async Task<Outcome<object[]>> AskAsync(EthereumAddress contract, AbiFunction function, CancellationToken cancellationToken, params object[] arguments)
    {
        if (!(await rpc.CallAsync(null, contract, function.EncodeCall(arguments), null, cancellationToken)).TryGet(out var data, out var error))
            return new(error);
        return function.TryDecodeResult(data, out var values) ? new(values) : new(Unreadable);
    }
}
