using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Pbts.Protocol.Bls.Curve;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Bls;

/// <summary>
/// One run of <see cref="Bls.BatchVerify"/>: checks prod_k e(key_k, sum_i r_i H(m_i)) * e(-g1, sum_i r_i sig_i) = 1 with
/// the inner sums over the items of key k and secret random r_i, and halves the batch where that fails.
/// </summary>
internal sealed class BlsBatch
{
    /// <summary>So many items cost no more one by one than in lanes that stay mostly empty.</summary>
    private const int FewForLanes = 2;

    /// <summary>After so many bad ranges the batch is full of bad items, and judging each of the rest is cheaper than searching.</summary>
    private const int ManyFailures = 32;

    private readonly bool[] verdicts;

    /// <summary>Items that decode, sorted by key: their key's number, their index, and their weighted points.</summary>
    private readonly List<Entry> entries = [];
    private readonly List<Affine<Fp>> keys = [];
    private int failures;

    private BlsBatch(int count) => verdicts = new bool[count];

    public static bool[] Verify(ReadOnlySpan<BlsBatchItem> items, ReadOnlySpan<byte> tag)
    {
        var batch = new BlsBatch(items.Length);
        batch.Prepare(items, tag);
        batch.Check(0, batch.entries.Count, knownBad: false);
        return batch.verdicts;
    }

    private void Prepare(ReadOnlySpan<BlsBatchItem> items, ReadOnlySpan<byte> tag)
    {
        var numbers = new Dictionary<BlsPublicKey, int>();
        var places = new List<(int Key, int Index)>(items.Length);
        var points = new List<SignatureToWeigh>(items.Length);
        for (int i = 0; i < items.Length; i++)
        {
            ref readonly BlsBatchItem item = ref items[i];

            // Infinity is no signature of any message.
            int key = KeyNumber(item, numbers);
            if (key < 0 || !G2.TryReadX(BlsSignature.AsSpan(item.Signature), out Fp2 x, out bool infinity, out bool larger) || infinity)
                continue;
            HashToG2.HashToField(item.Message.Span, tag, out Fp2 u0, out Fp2 u1);
            places.Add((key, i));
            points.Add(new(x, larger, u0, u1));
        }

        var coefficients = new ulong[points.Count];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(coefficients.AsSpan()));
        foreach (ref ulong coefficient in coefficients.AsSpan())
            coefficient = Math.Max(coefficient, 1);
        var weighted = new WeightedSignature[points.Count];
        if (FpLanes.IsSupported && points.Count > FewForLanes)
            WeightedPoints<FpLanes>.Weigh(CollectionsMarshal.AsSpan(points), coefficients, weighted);
        else
            WeightedPoints<Fp>.Weigh(CollectionsMarshal.AsSpan(points), coefficients, weighted);
        for (int k = 0; k < weighted.Length; k++)
        {
            if (weighted[k].IsValid)
                entries.Add(new Entry(places[k].Key, places[k].Index, weighted[k].Hash, weighted[k].Signature));
        }

        entries.Sort((a, b) => a.Key.CompareTo(b.Key));
    }

    private int KeyNumber(in BlsBatchItem item, Dictionary<BlsPublicKey, int> numbers)
    {
        if (numbers.TryGetValue(item.PublicKey, out int number))
            return number;
        BlsValidatedKey? key = item.Key;
        number = -1;
        if (key is not null || item.PublicKey.TryValidate(out key))
        {
            number = keys.Count;
            keys.Add(key.Point);
        }

        numbers.Add(item.PublicKey, number);
        return number;
    }

    /// <summary>Sets the verdicts of a range of entries; true when they are known to be all good.</summary>
    private bool Check(int start, int count, bool knownBad)
    {
        if (count == 0)
            return true;
        if (FpLanes.IsSupported && failures >= ManyFailures)
        {
            for (int done = 0; done < count; done += FpLanes.Lanes)
                CheckEach(start + done, Math.Min(FpLanes.Lanes, count - done));
            return false;
        }

        if (!knownBad && Holds(start, count))
        {
            for (int i = start; i < start + count; i++)
                verdicts[entries[i].Index] = true;
            return true;
        }

        failures++;
        if (count == 1)
            return false;
        if (FpLanes.IsSupported && count <= FpLanes.Lanes)
        {
            CheckEach(start, count);
            return false;
        }

        int half = count / 2;
        bool leftGood = Check(start, half, knownBad: false);

        // When the left half is good, the fault is in the right half: no need to check it as a whole.
        Check(start + half, count - half, knownBad: leftGood);
        return false;
    }

    /// <summary>The pairing equation over a range of entries.</summary>
    private bool Holds(int start, int count)
    {
        var g1 = new List<Affine<Fp>>();
        var hashes = new List<Projective<Fp2>>();
        Projective<Fp2> signatures = Projective<Fp2>.Infinity;
        int current = -1;
        for (int i = start; i < start + count; i++)
        {
            Entry entry = entries[i];
            signatures += entry.Signature;
            if (entry.Key == current)
            {
                hashes[^1] += entry.Hash;
                continue;
            }

            current = entry.Key;
            g1.Add(keys[current]);
            hashes.Add(entry.Hash);
        }

        // Clearing the cofactor commutes with sums and multiples, so once for each key is enough.
        g1.Add(-G1.Generator);
        Affine<Fp2>[] g2 = [.. G2Batch.ToAffine(CollectionsMarshal.AsSpan(hashes), clearCofactor: true), G2.ToAffine(signatures)];
        return Pairing.ProductIsOne(CollectionsMarshal.AsSpan(g1), g2);
    }

    /// <summary>Sets the verdicts of a few entries, each by its own equation in a lane of its own.</summary>
    private void CheckEach(int start, int count)
    {
        var hashes = new Projective<Fp2>[count];
        var signatures = new Projective<Fp2>[count];
        var g1 = new Affine<Fp>[2 * FpLanes.Lanes];
        var g2 = new Affine<Fp2>[2 * FpLanes.Lanes];
        Array.Fill(g1, Affine<Fp>.Infinity);
        for (int k = 0; k < count; k++)
        {
            Entry entry = entries[start + k];
            hashes[k] = entry.Hash;
            signatures[k] = entry.Signature;
            g1[k] = keys[entry.Key];
            g1[k + FpLanes.Lanes] = -G1.Generator;
        }

        G2Batch.ToAffine(hashes, clearCofactor: true).CopyTo(g2, 0);
        G2Batch.ToAffine(signatures, clearCofactor: false).CopyTo(g2, FpLanes.Lanes);
        int good = Fp12<FpLanes>.IsOneMask(LanePairing<FpLanes>.FinalExponentiation(LanePairing<FpLanes>.MillerLoop(g1, g2)));
        for (int k = 0; k < count; k++)
            verdicts[entries[start + k].Index] = ((good >> k) & 1) != 0;
    }

    /// <summary>An item's hash before clearing the cofactor and its signature, both times the item's coefficient.</summary>
    private sealed record Entry(int Key, int Index, Projective<Fp2> Hash, Projective<Fp2> Signature);
}
