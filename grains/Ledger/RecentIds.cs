using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Ledger;

/// <summary>The ids most recently spent, so that a replay costs neither pairing nor query. The oldest make room.</summary>
internal sealed class RecentIds(int capacity)
{
    private readonly HashSet<ReceiptId> _ids = [];
    private readonly Queue<ReceiptId> _order = [];

    public bool Contains(ReceiptId id) => _ids.Contains(id);

    public void Add(ReceiptId id)
    {
        if (!_ids.Add(id))
            return;
        _order.Enqueue(id);
        if (_order.Count > capacity)
            _ids.Remove(_order.Dequeue());
    }
}
