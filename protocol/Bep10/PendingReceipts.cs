using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Bep10;

/// <summary>
/// Receipts that wait to be reported (by the sender) or delivered (by the receiver): each once, bounded, and, with a file,
/// still there after a restart. A receipt stays until it is settled, so an answer that got lost loses nothing. Thread-safe.
/// </summary>
public sealed class PendingReceipts : IDisposable
{
    private const int CompactAtRecords = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<ReceiptId, LinkedListNode<Waiting>> _byId = [];
    private readonly LinkedList<Waiting> _waiting = [];
    private readonly PendingReceiptsOptions _options;
    private readonly TimeProvider _clock;
    private readonly ReceiptJournal? _journal;

    /// <summary>Opens the store.</summary>
    /// <param name="journalPath">File to keep the receipts in; <c>null</c> keeps them in memory only.</param>
    /// <param name="options">Limits.</param>
    /// <param name="clock">Clock; the system's when omitted.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process has it open.</exception>
    public PendingReceipts(string? journalPath = null, PendingReceiptsOptions? options = null, TimeProvider? clock = null)
    {
        _options = options ?? new PendingReceiptsOptions();
        _clock = clock ?? TimeProvider.System;
        if (journalPath is null)
            return;
        _journal = ReceiptJournal.Open(journalPath, out var live);
        // What waited before a restart is due at once.
        foreach (var receipt in live.Take(_options.Capacity))
            _byId[receipt.Id] = _waiting.AddLast(new Waiting(receipt.Id, receipt, DateTimeOffset.MinValue));
    }

    /// <summary>Receipts waiting.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _waiting.Count;
        }
    }

    /// <summary>How many more there is room for.</summary>
    public int Room => Math.Max(_options.Capacity - Count, 0);

    /// <summary>Keeps a receipt; <c>false</c> when it waits already or the store is full.</summary>
    public bool Add(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        return Add([receipt]) == 1;
    }

    /// <summary>Keeps receipts, written together; gives how many are new. Those that wait already or find the store full are not.</summary>
    /// <exception cref="IOException">The disk refuses; none is kept.</exception>
    public int Add(IReadOnlyCollection<Receipt> receipts)
    {
        ArgumentNullException.ThrowIfNull(receipts);
        lock (_gate)
        {
            var fresh = receipts.Select(r => (r.Id, Receipt: r)).DistinctBy(r => r.Id).Where(r => !_byId.ContainsKey(r.Id))
                .Take(Math.Max(_options.Capacity - _waiting.Count, 0)).ToArray();
            _journal?.Add(fresh.Select(f => f.Receipt).ToArray());
            var now = _clock.GetUtcNow();
            foreach (var (id, receipt) in fresh)
                _byId[id] = _waiting.AddLast(new Waiting(id, receipt, now));
            return fresh.Length;
        }
    }

    /// <summary>Returns when the file is on the disk: what was added is there after a power cut too.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void Flush()
    {
        lock (_gate)
            _journal?.Flush();
    }

    /// <summary>Whether a report is due: enough receipts wait, or one has waited long enough.</summary>
    public bool ShouldReport()
    {
        lock (_gate)
            return _waiting.Count > 0
                && (_waiting.Count >= _options.BatchThreshold || _clock.GetUtcNow() - _waiting.First!.Value.Since >= _options.BatchTimeout);
    }

    /// <summary>The oldest receipts, which stay until settled. Those out of the window are dropped first.</summary>
    /// <param name="maximum">At most so many.</param>
    public IReadOnlyList<Receipt> Peek(int maximum = int.MaxValue)
    {
        lock (_gate)
        {
            DropExpired();
            return [.. _waiting.Take(maximum).Select(w => w.Receipt)];
        }
    }

    /// <summary>Forgets receipts that were credited or finally refused.</summary>
    public void Settle(IEnumerable<ReceiptId> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        lock (_gate)
            SettleAll(ids);
    }

    /// <summary>All receipts, leaving the store empty.</summary>
    public IReadOnlyList<Receipt> Drain()
    {
        lock (_gate)
        {
            Receipt[] all = [.. _waiting.Select(w => w.Receipt)];
            SettleAll(_byId.Keys.ToArray());
            return all;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _journal?.Dispose();

    private void DropExpired()
    {
        var now = _clock.GetUtcNow().ToUnixTimeSeconds();
        SettleAll(_waiting.Where(w => ReceiptFreshness.Check(w.Receipt.Time, now, _options.WindowSeconds) == ReceiptStatus.Expired)
            .Select(w => w.Id).ToArray());
    }

    private void SettleAll(IEnumerable<ReceiptId> ids)
    {
        var settled = ids.Where(_byId.ContainsKey).ToHashSet();
        if (settled.Count == 0)
            return;
        foreach (var id in settled)
        {
            _byId.Remove(id, out var node);
            _waiting.Remove(node!);
        }
        _journal?.Settle(settled);
        if (_journal is { Records: > CompactAtRecords } && _journal.Records > _waiting.Count * 4L)
            _journal.Compact(_waiting.Select(w => w.Receipt));
    }

    private sealed record Waiting(ReceiptId Id, Receipt Receipt, DateTimeOffset Since);
}
