using System.Text.Json;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Bls.Curve;
using Xunit;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;
using Scheme = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>The signature scheme against every interop vector.</summary>
public sealed class BlsVectorTests
{
    [Fact]
    public void Valid_signatures_are_reproduced_and_verify()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_sign_verify", "valid"))
        {
            BlsSecretKey secretKey = BlsBytes.SecretKey(entry.Hex("sk"));
            Assert.Equal(entry.Text("pk"), Scheme.SkToPk(secretKey).ToString());
            Assert.Equal(entry.Text("signature"), Scheme.Sign(secretKey, entry.Hex("message")).ToString());
            Assert.True(BlsBytes.Verify(entry.Hex("pk"), entry.Hex("message"), entry.Hex("signature")), entry.Text("id"));
        }
    }

    [Fact]
    public void Invalid_signatures_are_refused_alone_and_in_a_batch()
    {
        IReadOnlyList<JsonElement> entries = BlsVectors.Section("bls_sign_verify", "invalid");
        foreach (JsonElement entry in entries)
            Assert.False(BlsBytes.Verify(entry.Hex("pk"), entry.Hex("message"), entry.Hex("signature")), entry.Text("id"));
        byte[][] Column(string name) => [.. entries.Select(entry => entry.Hex(name))];
        Assert.DoesNotContain(true, BlsBytes.BatchVerify(Column("pk"), Column("message"), Column("signature")));
    }

    /// <summary>
    /// No message has such a hash, and no sum of a signature and a point of the cofactor has been seen to hold the equation: what a
    /// hash that is the signature shows is that the order is looked at.
    /// </summary>
    [Fact]
    public void A_signature_of_another_order_is_refused_though_the_pairing_equation_holds()
    {
        Affine<Fp2> inside = G2.ToAffine(Scalar.Multiply(G2.Generator.ToProjective(), [7]));
        Assert.True(Scheme.IsSigned([G1.Generator], [inside], inside));
        int held = 0;
        foreach (Projective<Fp2> torsion in Torsion.Signatures)
        {
            foreach (Affine<Fp2> outside in (Affine<Fp2>[])[G2.ToAffine(torsion), G2.ToAffine(torsion + inside.ToProjective())])
            {
                // Of points of the smallest orders the loop makes nothing.
                held += Pairing.ProductIsOne([G1.Generator, -G1.Generator], [outside, outside]) ? 1 : 0;
                Assert.False(Scheme.IsSigned([G1.Generator], [outside], outside));
            }
        }

        Assert.InRange(held, Torsion.Signatures.Count / 2, int.MaxValue);
    }

    [Fact]
    public void Secret_keys_out_of_range_are_refused()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_sign_verify", "secret_keys"))
        {
            bool parsed = BlsSecretKey.TryParse(entry.Hex("sk"), out BlsSecretKey? key);
            Assert.Equal(entry.Text("expected") == "ok", parsed);
            if (parsed)
                Assert.Equal(entry.Text("pk"), Scheme.SkToPk(key!).ToString());
        }
    }

    [Theory]
    [InlineData("aggregate_valid")]
    [InlineData("repeated_message")]
    public void Valid_aggregates_are_reproduced_and_verify(string section)
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_aggregate", section))
        {
            byte[][] keys = entry.HexList("pks"), messages = entry.HexList("messages"), signatures = entry.HexList("signatures");
            byte[] aggregate = entry.Hex("aggregate");
            foreach ((byte[] Sk, byte[] Pk) pair in entry.HexList("sks").Zip(keys))
                Assert.Equal(pair.Pk, Scheme.SkToPk(BlsBytes.SecretKey(pair.Sk)).ToArray());
            Assert.Equal(aggregate, BlsBytes.Aggregate(signatures));
            Assert.Equal(entry.Flag("expected"), BlsBytes.AggregateVerify(keys, messages, aggregate));
            Assert.DoesNotContain(false, BlsBytes.BatchVerify(keys, messages, signatures));
            if (entry.TryGetProperty("expected_fast_aggregate_verify", out JsonElement fast) && fast.ValueKind != JsonValueKind.Null)
                Assert.Equal(fast.GetBoolean(), BlsBytes.FastAggregateVerify(keys, messages[0], aggregate));
        }
    }

    [Fact]
    public void Invalid_aggregates_are_refused()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_aggregate", "aggregate_verify_invalid"))
            Assert.False(BlsBytes.AggregateVerify(entry.HexList("pks"), entry.HexList("messages"), entry.Hex("aggregate")), entry.Text("id"));
    }

    [Fact]
    public void Aggregating_checks_every_signature()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_aggregate", "aggregate_operation"))
        {
            byte[]? expected = entry.Text("expected") == "ok" ? entry.Hex("aggregate") : null;
            Assert.Equal(expected, BlsBytes.Aggregate(entry.HexList("signatures")));
        }
    }

    [Fact]
    public void Fast_aggregate_verification_follows_the_vectors()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_aggregate", "fast_aggregate_verify"))
            Assert.Equal(entry.Flag("expected"), BlsBytes.FastAggregateVerify(entry.HexList("pks"), entry.Hex("message"), entry.Hex("aggregate")));
    }

    [Fact]
    public void Attacks_on_aggregates_do_not_fool_single_or_batch_verification()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_aggregate", "attacks"))
        {
            byte[][] keys = entry.HexList("pks"), messages = entry.HexList("messages"), signatures = entry.HexList("individual_signatures");
            bool[] expected = entry.Flags("expected_individual");
            Assert.Contains(false, expected);
            Assert.Equal(expected, keys.Select((key, i) => BlsBytes.Verify(key, messages[i], signatures[i])));
            Assert.Equal(expected, BlsBytes.BatchVerify(keys, messages, signatures));
            Assert.Equal(entry.Flag("expected_naive_aggregate_verify"), BlsBytes.AggregateVerify(keys, messages, entry.Hex("aggregate")));
            if (entry.TryGetProperty("expected_naive_fast_aggregate_verify", out JsonElement fast))
                Assert.Equal(fast.GetBoolean(), BlsBytes.FastAggregateVerify(keys, messages[0], entry.Hex("aggregate")));
            if (entry.TryGetProperty("forged_proof_attempts", out JsonElement attempts))
            {
                foreach (JsonElement attempt in attempts.EnumerateArray())
                    Assert.DoesNotContain(keys, key => BlsBytes.PopVerify(key, attempt.Hex("pop")));
            }

            if (entry.TryGetProperty("proofs_of_possession", out JsonElement proofs))
            {
                foreach ((byte[] Key, JsonElement Proof) pair in keys.Zip(proofs.EnumerateArray()))
                    Assert.True(pair.Proof.ValueKind == JsonValueKind.Null || BlsBytes.PopVerify(pair.Key, Convert.FromHexString(pair.Proof.GetString()!)));
            }
        }
    }

    [Fact]
    public void Batches_name_exactly_the_bad_items()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_aggregate", "batches"))
        {
            bool[] verdicts = BlsBytes.BatchVerify(entry.HexList("pks"), entry.HexList("messages"), entry.HexList("signatures"));
            Assert.Equal(entry.Flags("expected_each"), verdicts);
            Assert.Equal(entry.Flag("expected_all"), Array.TrueForAll(verdicts, verdict => verdict));
        }
    }

    [Fact]
    public void Proofs_of_possession_follow_the_vectors()
    {
        foreach (JsonElement entry in BlsVectors.Section("bls_pop", "valid"))
        {
            Assert.Equal(entry.Text("pop"), Scheme.PopProve(BlsBytes.SecretKey(entry.Hex("sk"))).ToString());
            Assert.True(BlsBytes.PopVerify(entry.Hex("pk"), entry.Hex("pop")), entry.Text("id"));
        }

        foreach (JsonElement entry in BlsVectors.Section("bls_pop", "invalid"))
            Assert.False(BlsBytes.PopVerify(entry.Hex("pk"), entry.Hex("pop")), entry.Text("id"));
        foreach (JsonElement entry in BlsVectors.Section("bls_pop", "domain_separation"))
        {
            Assert.Equal(entry.Flag("expected_verify"), BlsBytes.Verify(entry.Hex("pk"), entry.Hex("message"), entry.Hex("signature")));
            if (entry.TryGetProperty("expected_pop_verify", out JsonElement expected))
                Assert.Equal(expected.GetBoolean(), BlsBytes.PopVerify(entry.Hex("pk"), entry.Hex("signature")));
        }
    }

    [Fact]
    public void Key_generation_follows_the_vectors()
    {
        Span<byte> bytes = stackalloc byte[BlsSecretKey.Size];
        foreach (JsonElement entry in BlsVectors.Section("keygen", "vectors"))
        {
            Assert.True(Scheme.TryKeyGen(entry.Hex("ikm"), entry.Hex("key_info"), out BlsSecretKey? key), entry.Text("id"));
            key.CopyTo(bytes);
            Assert.Equal(entry.Text("sk"), Convert.ToHexStringLower(bytes));
            Assert.Equal(entry.Text("pk"), Scheme.SkToPk(key).ToString());
        }

        foreach (JsonElement entry in BlsVectors.Section("keygen", "errors"))
            Assert.False(Scheme.TryKeyGen(entry.Hex("ikm"), entry.Hex("key_info"), out _), entry.Text("id"));
    }

    [Fact]
    public void Receipts_verify_under_their_own_tag_only()
    {
        foreach (JsonElement entry in BlsVectors.Section("pbts_receipts", "receipts").Take(6))
        {
            Assert.True(BlsPublicKey.TryParse(entry.Hex("receiver_pk"), out BlsPublicKey publicKey));
            Assert.True(publicKey.TryValidate(out BlsValidatedKey? key));
            Assert.True(BlsSignature.TryParse(entry.Hex("signature_nul_dialect"), out BlsSignature other));
            Assert.True(BlsBytes.Verify(entry.Hex("receiver_pk"), entry.Hex("message"), entry.Hex("signature")));
            Assert.False(Scheme.Verify(key, entry.Hex("message"), other));
            Assert.True(Scheme.Verify(key, entry.Hex("message"), other, "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"u8));
        }
    }
}
