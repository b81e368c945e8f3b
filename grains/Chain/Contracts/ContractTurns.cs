using Pbts.Protocol;

namespace Pbts.Grains.Chain.Contracts;

/// <summary>
/// Turns of those who write by the contract interface of this process. A hundred that come at once to a process that has
/// just started would each open a connection to the database, and all of them would wait too long for it.
/// </summary>
internal sealed class ContractTurns : IDisposable
{
    private const int AtOnce = 16;

    /// <summary>Whoever waits for longer, behind a node that hangs, is told so: later nobody would hear what became of it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _turns = new(AtOnce);

    /// <summary>Does the work when it is its turn. What waits for the chain does so without one.</summary>
    public async Task<Outcome<T>> TakeAsync<T>(Func<Task<Outcome<T>>> work)
    {
        if (!await _turns.WaitAsync(Patience))
            return new Problem(ProblemKind.Unavailable, "Too many write to the contract at once: try again later");
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
