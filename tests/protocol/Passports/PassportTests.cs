using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using Nethereum.Signer.EIP712;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Passports;

public sealed class PassportTests
{
    private const long Now = PassportSamples.Now;
    private static readonly Random s_random = new(20261129);
    private readonly string _here = PassportSamples.Instance("here").ToString();

    [Fact]
    public void A_document_is_read_as_it_was_written_and_holds_for_its_holder_here_alone()
    {
        foreach (var others in new[] { -1, 0, 1, 5, 1000 })
        {
            var passport = PassportSamples.Make(s_random, others);
            var document = PassportJson.Write(passport);
            Assert.InRange(document.Length, 700, 4000);
            var (read, fault) = PassportJson.Read(document);
            Assert.Null(fault);
            Assert.Equal(document, PassportJson.Write(read!));
            Assert.Equal(passport.Hash, read!.Hash);
            Assert.Null(read.Verify(Now));
            var signed = PassportSamples.HolderSignature(_here, read);
            Assert.True(PassportMessage.IsSigned(_here, read, signed));
            Assert.False(PassportMessage.IsSigned(PassportSamples.Instance("elsewhere").ToString(), read, signed));
            Assert.False(PassportMessage.IsSigned(_here, read with { Issued = read.Issued + 1 }, signed));
            Assert.False(PassportMessage.IsSigned(_here, read, PassportSamples.HolderSignature(_here, read, BlsSecretKey.Generate())));
            // What says the same in another way is the same passport.
            var indented = JsonNode.Parse(document)!.ToJsonString(new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
            Assert.Equal(passport.Hash, PassportJson.Read(Encoding.UTF8.GetBytes(indented)).Passport!.Hash);
        }
    }

    [Fact]
    public void Every_byte_that_is_changed_is_found_and_the_step_named()
    {
        var passport = PassportSamples.Make(s_random, 5);
        var document = PassportJson.Write(passport);
        var signed = PassportSamples.HolderSignature(_here, passport);
        var steps = new Dictionary<PassportStep, int>();
        for (var at = 0; at < document.Length; at++)
        {
            foreach (var change in new byte[] { 1, 2, 4, 8, 16, 32, 64, 128 })
            {
                var bytes = document.ToArray();
                bytes[at] ^= change;
                var (read, fault) = PassportJson.Read(bytes);
                fault ??= read!.Verify(Now);
                Assert.True(fault is not null, $"byte {at} ^ {change}: {Encoding.UTF8.GetString(bytes)}");
                Assert.NotEmpty(fault.Message);
                steps[fault.Step] = steps.GetValueOrDefault(fault.Step) + 1;
            }
        }

        Assert.Equal([PassportStep.Format, PassportStep.IssuerSignature, PassportStep.Proof], steps.Keys.Order());
        Assert.True(PassportMessage.IsSigned(_here, passport, signed));
    }

    [Theory]
    [InlineData("issuer", "instance", "00", "instance")]
    [InlineData("issuer", "contract", "0x01", "contract")]
    [InlineData("issuer", "chain_id", -1, "chain_id")]
    [InlineData("issuer", "address", "0xffffffffffffffffffffffffffffffffffffffff", "address")]
    [InlineData("issuer", "name", "x", "name")]
    [InlineData("subject", "user_id", "a/b", "user_id")]
    [InlineData("subject", "public_key", "AAAA", "public_key")]
    [InlineData("native", "up", "1", "up")]
    [InlineData("native", "down", 1.5, "down")]
    [InlineData("", "imports", 1, "imports")]
    [InlineData("", "member_since", null, "member_since")]
    [InlineData("", "issued", -1, "issued")]
    [InlineData("", "expires", "soon", "expires")]
    [InlineData("", "proof", "none", "proof")]
    [InlineData("", "signature", "0x00", "signature")]
    [InlineData("", "version", 2, "version")]
    [InlineData("", "type", "passport", "type")]
    [InlineData("", "more", 1, "more")]
    public void A_field_that_is_wrong_is_named(string part, string name, object? value, string expected)
    {
        var json = JsonNode.Parse(PassportJson.Write(PassportSamples.Make(s_random)))!.AsObject();
        (part.Length == 0 ? json : json[part]!.AsObject())[name] = value switch { null => null, string text => text, int number => number, var other => (double)other };
        var (passport, fault) = PassportJson.Read(Encoding.UTF8.GetBytes(json.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })));
        Assert.Null(passport);
        Assert.Equal(PassportStep.Format, fault!.Step);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_to_the_last_of_64_bits_are_read_and_none_beyond()
    {
        var passport = (PassportSamples.Make(s_random, -1) with { Up = ulong.MaxValue, Down = ulong.MaxValue }).Sign(PassportSamples.Key("issuer"));
        var text = Encoding.UTF8.GetString(PassportJson.Write(passport));
        Assert.Null(PassportJson.Read(Encoding.UTF8.GetBytes(text)).Passport!.Verify(Now));
        var (_, fault) = PassportJson.Read(Encoding.UTF8.GetBytes(text.Replace("\"up\":18446744073709551615", "\"up\":18446744073709551616", StringComparison.Ordinal)));
        Assert.Equal(PassportStep.Format, fault!.Step);
        // So long that no parser of numbers would end with it.
        (_, fault) = PassportJson.Read(Encoding.UTF8.GetBytes(text.Replace("\"up\":18446744073709551615", $"\"up\":{new string('9', 12_000)}", StringComparison.Ordinal)));
        Assert.Equal(PassportStep.Format, fault!.Step);
        Assert.Equal(PassportStep.Format, PassportJson.Read(new byte[PassportJson.MaxSize + 1]).Fault!.Step);
    }

    [Fact]
    public void Time_signer_subject_and_anchor_are_each_refused_by_name()
    {
        var (key, other) = (PassportSamples.Key("issuer"), PassportSamples.Key("other"));
        var passport = PassportSamples.Make(s_random);
        Assert.Equal(PassportStep.Expired, passport.Verify(passport.Expires)!.Step);
        Assert.Null(passport.Verify(passport.Expires - 1));
        Assert.Null(passport.Verify(passport.Issued - Passport.ClockTolerance));
        Assert.Equal(PassportStep.NotYetValid, passport.Verify(passport.Issued - Passport.ClockTolerance - 1)!.Step);
        Assert.Equal(PassportStep.NotYetValid, (passport with { Issued = long.MaxValue, Expires = long.MaxValue }).Sign(key).Verify(Now)!.Step);
        // A forger signs with a key of its own and says that it was the issuer's.
        Assert.Equal(PassportStep.IssuerSignature, (passport with { Signature = (passport with { Issuer = other.Address }).Sign(other).Signature }).Verify(Now)!.Step);
        Assert.Equal(PassportStep.IssuerSignature, (passport with { Issuer = other.Address }).Verify(Now)!.Step);
        Assert.Equal(PassportStep.AnchoredLeaf, (passport with { Up = passport.Proof!.Up + 1 }).Sign(key).Verify(Now)!.Step);
        Assert.Null((passport with { Up = passport.Proof.Up, Down = ulong.MaxValue }).Sign(key).Verify(Now));
        var anothers = PassportSamples.Make(s_random, holder: BlsSecretKey.Generate()).Proof;
        Assert.Equal(PassportStep.Proof, (passport with { Proof = anothers }).Sign(key).Verify(Now)!.Step);
        Assert.Equal(PassportStep.Proof, (passport with { Proof = passport.Proof with { ChainId = 1 } }).Sign(key).Verify(Now)!.Step);
        Assert.Equal(PassportStep.Proof, (passport with { Proof = passport.Proof with { Up = passport.Proof.Up + 1 } }).Sign(key).Verify(Now)!.Step);
    }

    [Fact]
    public void The_other_form_of_a_signature_is_none()
    {
        var order = BigInteger.Parse("0fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var passport = PassportSamples.Make(s_random);
        for (var i = 0; i < 20; i++)
        {
            passport = (passport with { Issued = Now - i }).Sign(PassportSamples.Key("issuer"));
            var bytes = passport.Signature.ToArray();
            Assert.True(Recover(bytes));
            var s = order - new BigInteger(bytes.AsSpan(32, 32), isUnsigned: true, isBigEndian: true);
            var mirrored = new byte[65];
            bytes.AsSpan(0, 32).CopyTo(mirrored);
            var text = s.ToByteArray(isUnsigned: true, isBigEndian: true);
            text.CopyTo(mirrored, 64 - text.Length);
            mirrored[64] = (byte)(55 - bytes[64]);
            Assert.False(Recover(mirrored));
            Assert.False(Recover([.. bytes[..64], (byte)(bytes[64] - 27)]));
            Assert.False(Recover([.. new byte[32], .. bytes[32..]]));
            Assert.False(Recover([.. bytes[..32], .. new byte[32], bytes[64]]));
            Assert.False(Recover([.. Enumerable.Repeat((byte)0xff, 32), .. bytes[32..]]));
        }

        // Half of all numbers are the x of no point.
        for (var i = 0; i < 50; i++)
        {
            var noise = new byte[65];
            s_random.NextBytes(noise);
            (noise[32], noise[64]) = (0, 27);
            Recover(noise);
        }

        bool Recover(byte[] signature) => (passport with { Signature = signature }).Verify(Now) is not { Step: PassportStep.IssuerSignature };
    }

    /// <summary>A library that has its own way to the digest, from the document that wallets take.</summary>
    [Fact]
    public void A_wallets_library_recovers_the_signer_from_the_typed_data_of_the_documentation()
    {
        foreach (var others in new[] { -1, 3 })
        {
            var passport = PassportSamples.Make(s_random, others);
            var recovered = Eip712TypedDataSigner.Current.RecoverFromSignatureV4(TypedData(passport), "0x" + Convert.ToHexStringLower(passport.Signature.Span));
            Assert.Equal(passport.Issuer.ToString(), recovered, ignoreCase: true);
        }
    }

    private static string TypedData(Passport passport)
    {
        static JsonArray Type(string fields) => new([.. fields.Split(',').Select(field => (JsonNode)new JsonObject { ["name"] = field.Split(' ')[1], ["type"] = field.Split(' ')[0] })]);
        var proof = passport.Proof;
        return new JsonObject
        {
            ["types"] = new JsonObject
            {
                ["EIP712Domain"] = Type("string name,string version,uint256 chainId,address verifyingContract"),
                ["Passport"] = Type("bytes32 instance,address issuer,string userId,bytes publicKey,uint64 up,uint64 down,Import[] imports,uint64 memberSince,Proof proof,uint64 issued,uint64 expires"),
                ["Import"] = Type("string issuer,uint64 up,uint64 down,uint64 asOf"),
                ["Proof"] = Type("bytes32 root,uint64 totalUp,uint64 totalDown,uint64 members,uint64 sequence,uint64 block,bytes32 txHash"),
            },
            ["primaryType"] = "Passport",
            ["domain"] = new JsonObject { ["name"] = "PBTS passport", ["version"] = "1", ["chainId"] = passport.ChainId, ["verifyingContract"] = (passport.Contract ?? default).ToString() },
            ["message"] = new JsonObject
            {
                ["instance"] = "0x" + passport.Instance, ["issuer"] = passport.Issuer.ToString(), ["userId"] = passport.UserId.ToString(), ["publicKey"] = "0x" + passport.PublicKey,
                ["up"] = $"{passport.Up}", ["down"] = $"{passport.Down}",
                ["imports"] = new JsonArray([.. passport.Imports.Select(import => (JsonNode)new JsonObject { ["issuer"] = import.Issuer, ["up"] = $"{import.Up}", ["down"] = $"{import.Down}", ["asOf"] = $"{import.AsOf}" })]),
                ["memberSince"] = $"{passport.MemberSince}",
                ["proof"] = new JsonObject
                {
                    ["root"] = proof?.Root.HashText ?? "0x" + new string('0', 64), ["totalUp"] = $"{proof?.Root.Up ?? 0}", ["totalDown"] = $"{proof?.Root.Down ?? 0}", ["members"] = $"{proof?.Members ?? 0}",
                    ["sequence"] = $"{proof?.Sequence ?? 0}", ["block"] = $"{proof?.Block ?? 0}", ["txHash"] = proof?.TxHash ?? "0x" + new string('0', 64),
                },
                ["issued"] = $"{passport.Issued}", ["expires"] = $"{passport.Expires}",
            },
        }.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    [Fact]
    public void No_other_message_that_members_sign_can_be_read_as_the_one_that_hands_a_passport_over()
    {
        var passport = PassportSamples.Make(s_random);
        var message = PassportMessage.Build(_here, passport);
        Assert.Equal(PassportMessage.Length, message.Length);
        Assert.Equal("passport" + _here, Encoding.ASCII.GetString(message[..72]));
        Assert.DoesNotContain(message.Length, new[] { 100, 112, 204 });
        foreach (var others in new[] { RegistrationMessage.Build(_here, "x"), AnnounceMessage.Build("x", default, ""), Pbts.Protocol.Evidence.EvidenceRequestMessage.Build(_here, "x", 1), RotationMessage.Build(_here, "x", default, 1), PassportRequestMessage.Build(_here, "x", 1) })
            Assert.False(others.AsSpan().StartsWith("passport"u8));
    }
}
