using System.Collections.Concurrent;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Vouchers;

/// <summary>
/// Verifies vouchers, many at the price of few, on all processors. Keys once found good are remembered, so many as an audit may
/// meet again.
/// </summary>
public sealed class VoucherVerifier
{
    /// <summary>Vouchers that are best verified together.</summary>
    public const int Batch = 1024;

    private const int RememberedKeys = 100_000;

    private readonly ConcurrentDictionary<MemberKey, BlsValidatedKey> _keys = new();

    /// <summary>Whether each carries its receiver's signature.</summary>
    public bool[] Verify(IReadOnlyList<Voucher> vouchers)
    {
        ArgumentNullException.ThrowIfNull(vouchers);
        if (_keys.Count > RememberedKeys)
            _keys.Clear();
        var verdicts = new bool[vouchers.Count];
        Parallel.For(0, (vouchers.Count + Batch - 1) / Batch, batch =>
        {
            var start = batch * Batch;
            var items = new BlsBatchItem[Math.Min(Batch, vouchers.Count - start)];
            for (var i = 0; i < items.Length; i++)
                items[i] = Item(vouchers[start + i]);
            Bls.Bls.BatchVerify(items).CopyTo(verdicts, start);
        });
        return verdicts;
    }

    private BlsBatchItem Item(Voucher voucher)
    {
        _ = BlsSignature.TryParse(voucher.Signature.Span, out var signature);
        var message = voucher.SignedMessage();
        if (_keys.TryGetValue(voucher.Receiver, out var known))
            return new(known, message, signature);
        if (!BlsPublicKey.TryParse(voucher.Receiver.Span, out var bytes) || !bytes.TryValidate(out var key))
            return new(bytes, message, signature);
        _keys[voucher.Receiver] = key;
        return new(key, message, signature);
    }
}
