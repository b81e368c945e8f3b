using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Pbts.Grains.Database;

/// <summary>
/// Grain storage in a database that may have been restarted: what met a broken connection is tried again. A write that was
/// carried out without an answer fails the second time (<see cref="InconsistentStateException"/>), because the state has
/// another version then.
/// </summary>
public sealed class RepeatableGrainStorage(IGrainStorage storage) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    /// <inheritdoc/>
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        RunAsync(() => storage.ReadStateAsync(stateName, grainId, grainState));

    /// <inheritdoc/>
    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        RunAsync(() => storage.WriteStateAsync(stateName, grainId, grainState));

    /// <inheritdoc/>
    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        RunAsync(() => storage.ClearStateAsync(stateName, grainId, grainState));

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle observer) => (storage as ILifecycleParticipant<ISiloLifecycle>)?.Participate(observer);

    private static Task<bool> RunAsync(Func<Task> access) => Repeatable.RunAsync(async () =>
    {
        await access();
        return true;
    });
}
