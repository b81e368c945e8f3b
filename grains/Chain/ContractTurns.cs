namespace Pbts.Grains.Chain;

/// <summary>
/// Turns of those who write by the contract interface of this process. A hundred that come at once to a process that has
/// just started would each open a connection to the database, and all of them would wait too long for it.
/// </summary>
internal sealed class ContractTurns : IDisposable
{
    private const int AtOnce = 16;

    private readonly SemaphoreSlim _turns = new(AtOnce);

    /// <summary>Does the work when it is its turn. What waits for the chain does so without one.</summary>
    public async Task<T> TakeAsync<T>(Func<Task<T>> work)
    {
        await _turns.WaitAsync();
        try
        {
            return await work();
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();
}
