using Orleans.Concurrency;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Grains.Users;

[StatelessWorker, Reentrant]
internal sealed class UserDirectoryGrain(UserStore users) : Grain, IUserDirectoryGrain
{
    public async ValueTask<DirectoryEntry?> FindByPasskeyAsync(string passkey) => await users.FindEntryAsync(passkey, byPasskey: true);

    public async ValueTask<DirectoryEntry?> FindByUserIdAsync(string userId) => await users.FindEntryAsync(userId, byPasskey: false);

    public async ValueTask<IReadOnlyList<UserListing>> ListAsync(UserSearch search) => await users.ListAsync(search);

    public async ValueTask<long> CountAsync() => await users.CountAsync();

    public async ValueTask<ProofSums> SumProofAsync() => await users.SumProofAsync();
}
