using Orleans.Concurrency;
using Pbts.GrainInterfaces.Users;

namespace Pbts.Grains.Users;

[StatelessWorker, Reentrant]
internal sealed class UserDirectoryGrain(UserStore users) : Grain, IUserDirectoryGrain
{
    public async ValueTask<DirectoryEntry?> FindByPasskeyAsync(string passkey) => Entry(await users.FindByPasskeyAsync(passkey));

    public async ValueTask<DirectoryEntry?> FindByUserIdAsync(string userId) => Entry(await users.FindAsync(userId));

    public async ValueTask<IReadOnlyList<UserProfile>> SearchAsync(string prefix, int count) => await users.SearchAsync(prefix, count);

    public async ValueTask<long> CountAsync() => await users.CountAsync();

    private static DirectoryEntry? Entry(UserRow? user) => user is null ? null : new(user.Profile, user.Passkey);
}
