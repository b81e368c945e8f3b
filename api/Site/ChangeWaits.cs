namespace Pbts.Api.Site;

/// <summary>Bounds how many calls wait for changes at once: each holds a connection, and asks the database twice a second.</summary>
internal sealed class ChangeWaits
{
    /// <summary>Most in this process.</summary>
    public const int Most = 32;

    private int _waiting;

    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _waiting) <= Most)
            return true;
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _waiting);
}
