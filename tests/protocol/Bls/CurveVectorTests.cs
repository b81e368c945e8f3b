using System.Text.Json;
using System.Text;
using Pbts.Protocol.Bls.Curve;
using Xunit;
using Fp2 = Pbts.Protocol.Bls.Curve.Fp2<Pbts.Protocol.Bls.Curve.Fp>;

namespace Pbts.Protocol.Tests.Bls;

/// <summary>Hashing and point encodings against every interop vector.</summary>
public sealed class CurveVectorTests
{
    [Fact]
    public void Hash_to_g2_follows_rfc_9380_step_by_step()
    {
        byte[] tag = Encoding.ASCII.GetBytes(BlsVectors.Load("hash_to_g2").GetProperty("rfc9380_j10_1").Text("dst"));
        foreach (JsonElement entry in BlsVectors.Section("hash_to_g2", "rfc9380_j10_1", "vectors"))
        {
            HashToG2.HashToField(entry.Hex("msg_hex"), tag, out Fp2 u0, out Fp2 u1);
            AssertElement(entry.GetProperty("u")[0], u0);
            AssertElement(entry.GetProperty("u")[1], u1);
            AssertPoint(entry.GetProperty("Q0"), G2.ToAffine(MapToCurve<Fp>.Map(u0)));
            AssertPoint(entry.GetProperty("Q1"), G2.ToAffine(MapToCurve<Fp>.Map(u1)));
            Affine<Fp2> point = G2.ToAffine(HashToG2.Hash(entry.Hex("msg_hex"), tag));
            AssertPoint(entry.GetProperty("P"), point);
            Assert.Equal(entry.Text("P_compressed"), Encode(point));
        }
    }

    [Theory]
    [InlineData("pop_dst")]
    [InlineData("other_dst")]
    public void Hash_to_g2_follows_the_generated_vectors(string section)
    {
        JsonElement all = BlsVectors.Load("hash_to_g2").GetProperty(section);
        foreach (JsonElement entry in BlsVectors.Section("hash_to_g2", section, "vectors"))
        {
            byte[] tag = entry.TryGetProperty("dst_hex", out _) ? entry.Hex("dst_hex") : Encoding.ASCII.GetBytes(all.Text("dst"));
            Affine<Fp2> point = G2.ToAffine(HashToG2.Hash(entry.Hex("msg_hex"), tag));
            AssertPoint(entry, point);
            Assert.Equal(entry.Text("compressed"), Encode(point));
        }
    }

    [Theory]
    [InlineData("rfc9380_k1")]
    [InlineData("rfc9380_k2_long_dst")]
    [InlineData("generated")]
    public void Expand_message_follows_the_vectors(string section)
    {
        JsonElement all = BlsVectors.Load("expand_message_xmd").GetProperty(section);
        foreach (JsonElement entry in BlsVectors.Section("expand_message_xmd", section, "vectors"))
        {
            byte[] tag = entry.TryGetProperty("dst_hex", out _) ? entry.Hex("dst_hex") : all.Hex("dst_hex");
            byte[] output = new byte[entry.GetProperty("len_in_bytes").GetInt32()];
            Assert.True(HashToG2.TryExpandMessage(entry.Hex("msg_hex"), tag, output));
            Assert.Equal(entry.Text("uniform_bytes"), Convert.ToHexStringLower(output));
        }
    }

    [Fact]
    public void Expand_message_refuses_lengths_over_255_hashes()
    {
        foreach (JsonElement entry in BlsVectors.Section("expand_message_xmd", "errors", "vectors"))
            Assert.False(HashToG2.TryExpandMessage(entry.Hex("msg_hex"), entry.Hex("dst_hex"), new byte[entry.GetProperty("len_in_bytes").GetInt32()]));
    }

    [Fact]
    public void Multiples_of_the_g1_generator_have_the_expected_encodings()
    {
        Span<byte> bytes = stackalloc byte[G1.Size];
        foreach (JsonElement entry in BlsVectors.Section("point_encoding", "g1_multiples"))
        {
            Affine<Fp> point = G1.ToAffine(Scalar.Multiply(G1.Generator.ToProjective(), entry.Hex("scalar")));
            Assert.Equal(entry.Flag("is_infinity"), point.IsInfinity);
            G1.Encode(point, bytes);
            Assert.Equal(entry.Text("compressed"), Convert.ToHexStringLower(bytes));
            Assert.True(G1.TryDecode(bytes, out Affine<Fp> decoded) && G1.IsInSubgroup(decoded));
            if (!point.IsInfinity)
                Assert.Equal(entry.Text("uncompressed"), Hex(decoded.X) + Hex(decoded.Y));
        }
    }

    [Fact]
    public void Multiples_of_the_g2_generator_have_the_expected_encodings()
    {
        foreach (JsonElement entry in BlsVectors.Section("point_encoding", "g2_multiples"))
        {
            Affine<Fp2> point = G2.ToAffine(Scalar.Multiply(G2.Generator.ToProjective(), entry.Hex("scalar")));
            Assert.Equal(entry.Flag("is_infinity"), point.IsInfinity);
            Assert.Equal(entry.Text("compressed"), Encode(point));
            Assert.True(G2.TryDecode(entry.Hex("compressed"), out Affine<Fp2> decoded) && G2.IsInSubgroup(decoded));
            if (!point.IsInfinity)
                Assert.Equal(entry.Text("uncompressed"), Hex(decoded.X.C1) + Hex(decoded.X.C0) + Hex(decoded.Y.C1) + Hex(decoded.Y.C0));
        }
    }

    [Fact]
    public void G1_bytes_decode_as_expected_and_round_trip()
    {
        Span<byte> bytes = stackalloc byte[G1.Size];
        foreach (JsonElement entry in BlsVectors.Section("point_encoding", "g1_cases"))
        {
            byte[] source = entry.Hex("bytes");
            bool decodes = G1.TryDecode(source, out Affine<Fp> point);
            if (entry.GetProperty("decodes").ValueKind != JsonValueKind.Null)
                Assert.True(entry.Flag("decodes") == decodes, entry.Text("id"));
            Assert.True(entry.Flag("in_subgroup") == (decodes && G1.IsInSubgroup(point)), entry.Text("id"));
            Assert.Equal(entry.Flag("is_infinity"), decodes && point.IsInfinity);
            if (!decodes)
                continue;
            G1.Encode(point, bytes);
            Assert.Equal(source, bytes.ToArray());
            Assert.Equal(IsInfinity(Scalar.Multiply(point.ToProjective(), CurvePropertyTests.Order)), G1.IsInSubgroup(point));
        }
    }

    [Fact]
    public void G2_bytes_decode_as_expected_and_round_trip()
    {
        foreach (JsonElement entry in BlsVectors.Section("point_encoding", "g2_cases"))
        {
            byte[] source = entry.Hex("bytes");
            bool decodes = G2.TryDecode(source, out Affine<Fp2> point);
            if (entry.GetProperty("decodes").ValueKind != JsonValueKind.Null)
                Assert.True(entry.Flag("decodes") == decodes, entry.Text("id"));
            Assert.True(entry.Flag("in_subgroup") == (decodes && G2.IsInSubgroup(point)), entry.Text("id"));
            Assert.Equal(entry.Flag("is_infinity"), decodes && point.IsInfinity);
            if (!decodes)
                continue;
            Assert.Equal(entry.Text("bytes"), Encode(point));
            Assert.Equal(IsInfinity(Scalar.Multiply(point.ToProjective(), CurvePropertyTests.Order)), G2.IsInSubgroup(point));
        }
    }

    private static bool IsInfinity<F>(in Projective<F> point) where F : unmanaged, IField<F> => Projective<F>.IsInfinityMask(point) == 1;

    private static string Encode(in Affine<Fp2> point)
    {
        Span<byte> bytes = stackalloc byte[G2.Size];
        G2.Encode(point, bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static string Hex(in Fp a)
    {
        Span<byte> bytes = stackalloc byte[Fp.Size];
        a.WriteTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    private static void AssertElement(JsonElement expected, in Fp2 actual)
    {
        Assert.Equal(expected.Text("c0"), Hex(actual.C0));
        Assert.Equal(expected.Text("c1"), Hex(actual.C1));
    }

    private static void AssertPoint(JsonElement expected, in Affine<Fp2> actual)
    {
        AssertElement(expected.GetProperty("x"), actual.X);
        AssertElement(expected.GetProperty("y"), actual.Y);
    }
}
