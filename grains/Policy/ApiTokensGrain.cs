using Orleans.Concurrency;
using Pbts.GrainInterfaces.Policy;

namespace Pbts.Grains.Policy;

[StatelessWorker, Reentrant]
internal sealed class ApiTokensGrain(ApiTokenStore tokens) : Grain, IApiTokensGrain
{
    public async ValueTask<ApiToken?> CreateAsync(string name, IReadOnlyList<string> scopes, byte[] hash) => await tokens.CreateAsync(name, scopes, hash);

    public async ValueTask<IReadOnlyList<ApiToken>> ListAsync() => await tokens.ListAsync();

    public async ValueTask<bool> RevokeAsync(long id) => await tokens.RevokeAsync(id);

    public async ValueTask TouchAsync(IReadOnlyList<long> ids) => await tokens.TouchAsync(ids);
}
