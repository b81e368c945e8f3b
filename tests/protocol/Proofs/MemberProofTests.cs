using System.Text;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Proofs;

public class MemberProofTests
{
    /// <summary>What the root does not bind, but the chain: where to look for it.</summary>
    private static readonly string[] Whereabouts = ["sequence", "contract", "chain_id", "block", "tx_hash"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(1000)]
    public void A_proof_holds_and_is_read_as_it_was_written(int members)
    {
        var proof = Proofs(members).Single(members - 1);
        Assert.Null(proof.Verify());
        var (read, fault) = MemberProofJson.Read(MemberProofJson.Write(proof));
        Assert.Null(fault);
        Assert.Null(read!.Verify());
        Assert.Equal(MemberProofJson.Write(proof), MemberProofJson.Write(read));
    }

    [Fact]
    public void A_proof_of_a_million_members_is_about_three_kilobytes()
    {
        var proof = Proofs(4).Single(1);
        var path = Enumerable.Repeat(proof.Path[0], SumTree.DepthOf(1_000_000)).ToArray();
        Assert.InRange(MemberProofJson.Write(proof with { Path = path }).Length, 2500, 4000);
    }

    [Fact]
    public void Every_bit_of_every_byte_counts_and_the_step_is_named()
    {
        var document = MemberProofJson.Write(Proofs(37).Single(20));
        var free = FreeBytes(Encoding.UTF8.GetString(document));
        for (var at = 0; at < document.Length; at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var flipped = (byte[])document.Clone();
                flipped[at] ^= (byte)(1 << bit);
                var (proof, fault) = MemberProofJson.Read(flipped);
                fault ??= proof!.Verify();
                if (fault is null)
                    Assert.True(free.Contains(at), $"byte {at} (…{Encoding.UTF8.GetString(document, Math.Max(0, at - 20), 21)}) bit {bit}");
                else
                    Assert.NotEmpty(fault.Message);
            }
        }
    }

    [Theory]
    [InlineData("ä")]
    [InlineData("名前")]
    [InlineData("😀")]
    [InlineData("a\"b")]
    [InlineData("a\\b")]
    [InlineData("+<&>")]
    public void Names_of_any_script_are_in_the_commitment_as_utf8(string name)
    {
        var proof = Proofs(3, name).Single(2);
        var (read, fault) = MemberProofJson.Read(MemberProofJson.Write(proof));
        Assert.Null(fault);
        Assert.Equal(name + "2", read!.UserId);
        Assert.Null(read.Verify());
    }

    [Fact]
    public void Padding_and_inner_nodes_are_nobodys()
    {
        var proof = Proofs(3).Single(2);
        Assert.Equal(ProofStep.Path, (proof with { Index = 3 }).Verify()!.Step);
        // An inner node in a leaf's place, one level less to go.
        var inner = proof with { Path = [.. proof.Path.Skip(1)], Members = 2, Index = 1 };
        Assert.Equal(ProofStep.Root, inner.Verify()!.Step);
    }

    [Theory]
    [InlineData("up", "1.0")]
    [InlineData("up", "1e2")]
    [InlineData("up", "-1")]
    [InlineData("up", "18446744073709551616")]
    [InlineData("up", "\"7\"")]
    [InlineData("members", "0")]
    [InlineData("members", "4294967296")]
    [InlineData("index", "null")]
    [InlineData("user_id", "\"\"")]
    [InlineData("user_id", "\"\\ud800\"")]
    [InlineData("path", "{}")]
    [InlineData("path", "[7]")]
    [InlineData("salt", "\"00\"")]
    [InlineData("root", "\"00\"")]
    public void A_field_in_another_form_is_named(string field, string value)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(MemberProofJson.Write(Proofs(2).Single(0)))!.AsObject();
        var text = "{" + string.Join(',', json.Select(one => $"\"{one.Key}\":{(one.Key == field ? value : one.Value!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))}")) + "}";
        var fault = MemberProofJson.Read(Encoding.UTF8.GetBytes(text)).Fault;
        Assert.Equal(ProofStep.Format, fault!.Step);
        if (value != "\"\\ud800\"")
            Assert.Contains(field, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_fields_and_the_same_twice_are_refused()
    {
        var text = Encoding.UTF8.GetString(MemberProofJson.Write(Proofs(2).Single(0)));
        Assert.Contains("more is no field", Fault(text.Replace("{\"user_id\"", "{\"more\":1,\"user_id\"", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("up is there twice", Fault(text.Replace("\"down\":", "\"up\":1,\"down\":", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("not JSON", Fault(text + "x"), StringComparison.Ordinal);
        Assert.Null(MemberProofJson.Read(Encoding.UTF8.GetBytes("  " + text.Replace(",", " ,\n", StringComparison.Ordinal).Replace("member-", "\\u006Dember-", StringComparison.Ordinal) + "\n")).Fault);

        static string Fault(string text) => MemberProofJson.Read(Encoding.UTF8.GetBytes(text)).Fault!.Message;
    }

    /// <summary>Proofs of members that are made up, each by its place.</summary>
    internal static IEnumerable<MemberProof> Proofs(int members, string name = "member-")
    {
        var random = new Random(members);
        var all = Enumerable.Range(0, members).Select(i => (Name: name + i, Salt: Bytes(16), Key: MemberKey.From(Bytes(48)), Up: (ulong)random.NextInt64(1L << 50), Down: (ulong)random.NextInt64(1L << 50))).ToArray();
        SumNode[] leaves = [.. all.Select(one => SumNode.Leaf(MemberCommitment.Of(one.Salt, one.Name, one.Key), one.Up, one.Down))];
        var tree = new SumTree();
        foreach (var leaf in leaves)
            tree.Add(leaf);
        var root = tree.Finish();
        for (var i = 0; i < members; i++)
        {
            yield return new()
            {
                UserId = all[i].Name, PublicKey = all[i].Key, Up = all[i].Up, Down = all[i].Down, Salt = all[i].Salt, Index = i,
                Path = [.. SumTree.PathOf(leaves, i).Select((sibling, level) => new PathStep(sibling, (i >> level & 1) != 0))],
                Root = root, Members = members, Sequence = 5, Contract = new EthereumAddress(Bytes(20)), ChainId = 31337, Block = 1234, TxHash = "0x" + Convert.ToHexStringLower(Bytes(32)),
            };
        }

        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }
    }

    /// <summary>Places of values that only the chain can contradict. Of the number of members, those of the same depth are alike.</summary>
    private static HashSet<int> FreeBytes(string document)
    {
        var free = new HashSet<int>();
        foreach (var field in Whereabouts.Append("members"))
        {
            var start = document.IndexOf($"\"{field}\":", StringComparison.Ordinal) + field.Length + 3;
            for (var at = start; document[at] is not (',' or '}'); at++)
                free.Add(at);
        }
        return free;
    }
}

file static class Choose
{
    public static MemberProof Single(this IEnumerable<MemberProof> proofs, int index) => proofs.ElementAt(index);
}
