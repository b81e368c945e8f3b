namespace Pbts.Peer.Gate;

/// <summary>How many blocks of pieces that no client has yet may be remembered: half a million are 8 GiB on their way.</summary>
internal sealed class BlockBudget
{
    private int _left = 500_000;

    public bool TryTake()
    {
        if (Interlocked.Decrement(ref _left) >= 0)
            return true;
        Interlocked.Increment(ref _left);
        return false;
    }

    public void Return(int count) => Interlocked.Add(ref _left, count);
}
