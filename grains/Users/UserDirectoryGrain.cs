using Orleans.Concurrency;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Grains.Users;

[StatelessWorker, Reentrant]
internal sealed class UserDirectoryGrain(UserStore users) : Grain, IUserDirectoryGrain
{
    public async ValueTask<DirectoryEntry?> FindByPasskeyAsync(string passkey) => Entry(await users.FindByPasskeyAsync(passkey));

    public async ValueTask<DirectoryEntry?> FindByUserIdAsync(string userId) => Entry(await users.FindAsync(userId));

    public async ValueTask<IReadOnlyList<UserListing>> ListAsync(UserSearch search) => await users.ListAsync(search);

    public async ValueTask<long> CountAsync() => await users.CountAsync();

    public async ValueTask<ProofSums> SumProofAsync() => await users.SumProofAsync();

    private static DirectoryEntry? Entry(UserRow? user) => user is null ? null : new(user.Profile, user.Passkey);
}
