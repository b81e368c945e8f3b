using Nethereum.RPC.Eth.DTOs;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>
/// What a write leaves in its receipt. A call to an address without a contract succeeds like any other, and only the missing
/// event tells that nothing was written.
/// </summary>
internal static class ExpectedEvents
{
    private static readonly (AbiFunction Call, AbiEvent[] Any)[] Writes =
    [
        (ReputationAbi.AddUser, [ReputationV2Abi.UserAdded]),
        (ReputationV2Abi.AddUserWithKey, [ReputationV2Abi.UserAdded]),
        (ReputationV2Abi.AddMembers, [ReputationV2Abi.UserAdded]),
        (ReputationV2Abi.SetUserKey, [ReputationV2Abi.UserKeyChanged]),
        (ReputationAbi.UpdateUser, [ReputationV2Abi.UserUpdated]),
        (ReputationV2Abi.UpdateUsers, [ReputationV2Abi.UserUpdated]),
        (ReputationAbi.MigrateUserData, [ReputationV2Abi.UserMigrated, ReputationV2Abi.UserNotMigrated]),
        (ReputationV2Abi.MigrateUsers, [ReputationV2Abi.UserMigrated, ReputationV2Abi.UserNotMigrated]),
        (ReputationV4Abi.Anchor, [ReputationV4Abi.Anchored]),
        (ReputationV4Abi.ClaimUser, [ReputationV2Abi.UserMigrated]),
        (ReputationV2Abi.Retire, [ReputationV2Abi.RetiredFor]),
    ];

    /// <summary>True when a contract of this project would have reported the call, and the receipt has no such report.</summary>
    public static bool AreMissing(byte[] data, EthereumAddress contract, TransactionReceipt receipt)
    {
        foreach (var (call, any) in Writes)
        {
            if (data.AsSpan().StartsWith(call.Selector.Span))
                return !receipt.Logs.Any(log => any.Any(kind => kind.TryDecode(log, contract, out _)));
        }
        return false;
    }
}
