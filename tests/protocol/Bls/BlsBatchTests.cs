using System.Security.Cryptography;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Bls.Curve;
using Xunit;
using Scheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Batches of random receipts with random faults.</summary>
public sealed class BlsBatchTests
{
    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(9, 3, 0)]
    [InlineData(20, 4, 1)]
    [InlineData(20, 1, 3)]
    [InlineData(23, 23, 5)]
    [InlineData(8, 2, 8)]
    [InlineData(150, 7, 60)]
    public void Batch_verify_names_exactly_the_bad_items(int count, int signers, int bad)
    {
        var random = new Random((count * 1000) + (signers * 10) + bad);
        BlsBatchItem[] items = MakeItems(count, signers, random);
        bool[] expected = new bool[count];
        Array.Fill(expected, true);
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        foreach (int i in order.AsSpan(0, bad))
        {
            items[i] = Damage(items[i], random.Next(6), random);
            expected[i] = false;
        }

        Assert.Equal(expected, Scheme.BatchVerify(items));
    }

    [Fact]
    public void Swapped_signatures_fail_though_their_aggregate_verifies()
    {
        BlsBatchItem[] items = MakeItems(6, 2, new Random(1));
        (items[1], items[2]) = (
            new BlsBatchItem(items[1].PublicKey, items[1].Message, items[2].Signature),
            new BlsBatchItem(items[2].PublicKey, items[2].Message, items[1].Signature));
        Assert.True(Scheme.TryAggregate(Array.ConvertAll(items, item => item.Signature), out BlsSignature aggregate));
        Assert.True(Scheme.AggregateVerify(Array.ConvertAll(items, item => item.PublicKey), Array.ConvertAll(items, item => item.Message), aggregate));
        Assert.Equal([true, false, false, true, true, true], Scheme.BatchVerify(items));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(20)]
    public void A_signature_on_the_curve_and_of_another_order_is_refused_before_any_pairing(int count)
    {
        BlsBatchItem[] items = MakeItems(count, 2, new Random(count));
        BlsBatchItem honest = items[count / 2];
        // [r]P for a P of the whole curve: a point whose order divides the cofactor.
        HashToG2.HashToField(RandomNumberGenerator.GetBytes(32), "test"u8, out Fp2<Fp> u0, out Fp2<Fp> u1);
        byte[] order = Convert.FromHexString("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
        Projective<Fp2<Fp>> small = Scalar.Multiply(MapToCurve<Fp>.MapPair(u0, u1), order);
        Assert.True(G2.TryDecode(honest.Signature.ToArray(), out Affine<Fp2<Fp>> point));
        byte[] bytes = new byte[BlsSignature.Size];
        G2.Encode(G2.ToAffine(point.ToProjective() + small), bytes);
        Assert.True(G2.TryDecode(bytes, out Affine<Fp2<Fp>> off) && !G2.IsInSubgroup(off));
        Assert.True(G2.TryReadX(bytes, out Fp2<Fp> x, out _, out bool larger));
        SignatureToWeigh[] toWeigh = [.. Enumerable.Repeat(new SignatureToWeigh(x, larger, u0, u1), count)];
        var weighed = new WeightedSignature[count];
        WeightedPoints<Fp>.Weigh(toWeigh, [.. Enumerable.Repeat(1ul, count)], weighed);
        Assert.All(weighed, item => Assert.False(item.IsValid));
        if (FpLanes.IsSupported)
        {
            WeightedPoints<FpLanes>.Weigh(toWeigh, [.. Enumerable.Repeat(1ul, count)], weighed);
            Assert.All(weighed, item => Assert.False(item.IsValid));
        }

        Assert.True(BlsSignature.TryParse(bytes, out BlsSignature forged));
        items[count / 2] = new BlsBatchItem(honest.PublicKey, honest.Message, forged);

        bool[] expected = [.. Enumerable.Range(0, count).Select(i => i != count / 2)];
        Assert.Equal(expected, Scheme.BatchVerify(items));
        Assert.False(Scheme.Verify(honest.PublicKey, honest.Message.Span, forged));
    }

    [Fact]
    public void The_same_item_twice_is_valid_twice()
    {
        BlsBatchItem item = MakeItems(1, 1, new Random(2))[0];
        Assert.True(item.PublicKey.TryValidate(out BlsValidatedKey? key));
        Assert.Equal([true, true, true], Scheme.BatchVerify([item, item, new BlsBatchItem(key, item.Message, item.Signature)]));
    }

    [Fact]
    public void Default_values_are_invalid_and_do_not_throw()
    {
        Assert.Equal([false], Scheme.BatchVerify([default]));
        Assert.False(Scheme.Verify(default(BlsPublicKey), [], default));
        Assert.False(Scheme.PopVerify(default, default));
        Assert.False(Scheme.TryAggregate([default], out _));
    }

    [Fact]
    public void A_secret_key_does_not_show_itself()
    {
        using BlsSecretKey key = BlsSecretKey.Generate();
        Assert.Equal("BlsSecretKey", key.ToString());
    }

    private static BlsBatchItem[] MakeItems(int count, int signers, Random random)
    {
        BlsSecretKey[] keys = [.. Enumerable.Range(0, signers).Select(_ => BlsSecretKey.Generate())];
        BlsPublicKey[] publicKeys = Array.ConvertAll(keys, Scheme.SkToPk);
        var items = new BlsBatchItem[count];
        for (int i = 0; i < count; i++)
        {
            byte[] message = new byte[112];
            random.NextBytes(message);
            items[i] = new BlsBatchItem(publicKeys[i % signers], message, Scheme.Sign(keys[i % signers], message));
        }

        return items;
    }

    private static BlsBatchItem Damage(in BlsBatchItem item, int kind, Random random)
    {
        byte[] message = item.Message.ToArray(), signature = item.Signature.ToArray(), key = item.PublicKey.ToArray();
        switch (kind)
        {
            case 0:
                message[random.Next(message.Length)] ^= 1;
                break;
            case 1:
                signature[0] ^= 0x20; // the negative of the point
                break;
            case 2:
                signature[95] ^= 1; // on the curve or not, hardly ever of order r
                break;
            case 3:
                signature.AsSpan().Clear();
                signature[0] = 0xc0; // infinity
                break;
            case 4:
                key[0] ^= 0x20;
                break;
            default:
                key.AsSpan().Clear();
                key[0] = 0xc0;
                break;
        }

        Assert.True(BlsPublicKey.TryParse(key, out BlsPublicKey publicKey));
        Assert.True(BlsSignature.TryParse(signature, out BlsSignature damaged));
        return new BlsBatchItem(publicKey, message, damaged);
    }
}
