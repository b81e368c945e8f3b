using System.Numerics;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Bls.Curve;
using Scheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Cases for the script <c>tests/proofs/bls-cases.mjs</c> with our verdicts: keys, signatures, sums, and their bytes spoiled in every way an encoding has.</summary>
internal sealed class BlsCases
{
    private const int PoolSize = 48;
    private static readonly BigInteger Order = new(CurvePropertyTests.Order, isUnsigned: true, isBigEndian: true);
    private static readonly BigInteger Parameter = Pairing.Parameter;

    private readonly Random random;
    private readonly (BlsSecretKey Secret, byte[] Key, byte[] Message, byte[] Signature)[] pool;

    public BlsCases(int seed)
    {
        random = new Random(seed);
        pool = [.. Enumerable.Range(0, PoolSize).Select(_ =>
        {
            BlsSecretKey? secret;
            while (!BlsSecretKey.TryParse(Secret(), out secret))
                continue;
            byte[] message = Bytes(random.Next(200));
            return (secret, Scheme.SkToPk(secret).ToArray(), message, Scheme.Sign(secret, message).ToArray());
        })];
    }

    /// <summary>A line for the script and what it must answer. Most are encodings, which cost little; three in ten are pairings.</summary>
    public (string Line, string Verdict) Next() => random.Next(20) switch
    {
        < 5 => KeyCase(),
        < 10 => AggregateCase(1),
        < 12 => AggregateCase(random.Next(2, 4)),
        < 14 => SignCase(),
        < 18 => VerifyCase(),
        18 => ManyCase(),
        _ => BatchCase(),
    };

    private (string, string) SignCase()
    {
        byte[] secret = Secret(), message = Bytes(random.Next(100));
        string verdict = BlsSecretKey.TryParse(secret, out BlsSecretKey? key) ? $"{Scheme.SkToPk(key)} {Scheme.Sign(key, message)}" : "bad";
        return ($"sign {Hex(secret)} {Hex(message)}", verdict);
    }

    private (string, string) KeyCase()
    {
        byte[] key = SpoilSometimes(Any().Key);
        return ($"key {Hex(key)}", Key(key).TryValidate(out _) ? Hex(key) : "bad");
    }

    private (string, string) AggregateCase(int count)
    {
        byte[][] signatures = [.. Enumerable.Range(0, count).Select(_ => Any().Signature)];
        signatures[^1] = SpoilSometimes(signatures[^1]);
        return ($"aggregate {List(signatures)}", Scheme.TryAggregate([.. signatures.Select(Signature)], out BlsSignature sum) ? sum.ToString() : "bad");
    }

    private (string, string) VerifyCase()
    {
        var (key, message, signature) = Item();
        return ($"verify {Hex(key)} {Hex(message)} {Hex(signature)}", Text(Scheme.Verify(Key(key), message, Signature(signature))));
    }

    private (string, string) ManyCase()
    {
        var chosen = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Any()).ToArray();
        byte[] message = Bytes(random.Next(1, 50));
        bool same = random.Next(2) == 0;
        BlsSignature[] signatures = [.. chosen.Select(one => same ? Scheme.Sign(one.Secret, message) : Signature(one.Signature))];
        if (random.Next(4) == 0)
            signatures[^1] = Signature(Any().Signature);
        Assert.True(Scheme.TryAggregate(signatures, out BlsSignature sum));
        byte[] aggregate = random.Next(4) == 0 ? Spoil(sum.ToArray()) : sum.ToArray();
        byte[][] keys = [.. chosen.Select(one => one.Key)];
        if (random.Next(8) == 0)
            keys[^1] = Spoil(keys[^1]);
        BlsPublicKey[] parsed = [.. keys.Select(Key)];
        return same
            ? ($"fast {List(keys)} {Hex(message)} {Hex(aggregate)}", Text(Scheme.FastAggregateVerify(parsed, message, Signature(aggregate))))
            : ($"all {List(keys)} {List(chosen.Select(one => one.Message))} {Hex(aggregate)}",
                Text(Scheme.AggregateVerify(parsed, [.. chosen.Select(one => (ReadOnlyMemory<byte>)one.Message)], Signature(aggregate))));
    }

    private (string, string) BatchCase()
    {
        var items = Enumerable.Range(0, random.Next(1, 7)).Select(_ => Item()).ToArray();
        bool[] verdicts = Scheme.BatchVerify([.. items.Select(item => new BlsBatchItem(Key(item.Key), item.Message, Signature(item.Signature)))]);
        return ("batch " + string.Join(' ', items.Select(item => $"{Hex(item.Key)},{Hex(item.Message)},{Hex(item.Signature)}")), string.Join(' ', verdicts.Select(Text)));
    }

    /// <summary>A key, a message and a signature: half of the time they belong together.</summary>
    private (byte[] Key, byte[] Message, byte[] Signature) Item()
    {
        var (_, key, message, signature) = Any();
        return random.Next(8) switch
        {
            0 => (key, message, Spoil(signature)),
            1 => (Spoil(key), message, signature),
            2 => (key, message, Any().Signature),
            3 => (key, [.. message, 1], signature),
            _ => (key, message, signature),
        };
    }

    /// <summary>A scalar, often one at an edge of the field or of its digits in base x, sometimes none below the order.</summary>
    private byte[] Secret()
    {
        BigInteger scalar = random.Next(8) switch
        {
            0 => random.Next(4),
            1 => Order - 2 + random.Next(4),
            2 => BigInteger.Pow(Parameter, random.Next(1, 4)) + random.Next(-2, 3),
            3 => BigInteger.One << random.Next(256),
            4 => (Parameter - random.Next(1, 3)) * BigInteger.Pow(Parameter, random.Next(3)),
            _ => new BigInteger(Bytes(32), isUnsigned: true) % Order,
        };
        byte[] bytes = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - bytes.Length], .. bytes];
    }

    private byte[] SpoilSometimes(byte[] encoded) => random.Next(3) == 0 ? encoded : Spoil(encoded);

    /// <summary>Another encoding or none: signs, flags, infinities, coordinates beyond p, points outside the curve and outside the subgroup.</summary>
    private byte[] Spoil(byte[] encoded)
    {
        byte[] bytes = [.. encoded];
        switch (random.Next(11))
        {
            case 0:
                bytes[0] ^= 0x20;
                break;
            case 1:
                bytes[0] ^= (byte)(0x20 * random.Next(1, 8));
                break;
            case 2:
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 3:
                bytes = [0xc0, .. new byte[bytes.Length - 1]];
                break;
            case 4:
                bytes = [0xc0, .. new byte[bytes.Length - 1]];
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 5:
                Modulus(random.Next(-2, 3)).CopyTo(bytes, random.Next(bytes.Length / 48) * 48);
                bytes[0] |= (byte)(0x80 | (random.Next(2) * 0x20));
                break;
            case 6:
                Array.Clear(bytes, 1, bytes.Length - 1);
                bytes[^1] = (byte)random.Next(8);
                bytes[0] = (byte)(0x80 | (random.Next(2) * 0x20));
                break;
            case 7:
                bytes = Torsion.AddTo(bytes, random);
                break;
            case 8:
                bytes = Torsion.Any(bytes.Length, random);
                break;
            default:
                random.NextBytes(bytes);
                bytes[0] = (byte)((bytes[0] & 0x2f) | 0x80);
                bytes[^48] = bytes.Length > 48 ? (byte)(bytes[^48] & 0x0f) : bytes[^48];
                break;
        }

        return bytes;
    }

    private static byte[] Modulus(int more) => (FieldPower.Modulus + more).ToByteArray(isUnsigned: true, isBigEndian: true);

    private (BlsSecretKey Secret, byte[] Key, byte[] Message, byte[] Signature) Any() => pool[random.Next(pool.Length)];

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

    private static string List(IEnumerable<byte[]> all) => string.Join(',', all.Select(Hex));

    private static string Text(bool verdict) => verdict ? "true" : "false";

    private static BlsPublicKey Key(byte[] bytes) => BlsPublicKey.TryParse(bytes, out BlsPublicKey key) ? key : throw new ArgumentException("Not 48 bytes.", nameof(bytes));

    private static BlsSignature Signature(byte[] bytes) => BlsSignature.TryParse(bytes, out BlsSignature signature) ? signature : throw new ArgumentException("Not 96 bytes.", nameof(bytes));
}
