using System.Text;
using System.Text.RegularExpressions;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Proofs;

/// <summary>The worked example in docs/proofs.md.</summary>
public sealed partial class DocumentedProofTests
{
    [Fact]
    public async Task The_example_of_the_docs_is_what_this_program_makes_and_both_verifiers_take()
    {
        var text = await File.ReadAllTextAsync(Path.Combine(OtherVerifierTests.Root(), "docs", "proofs.md"));
        var rows = Rows().Matches(text).GroupBy(row => row.Groups[1].Value).ToDictionary(group => group.Key, group => group.First().Groups[2].Value.Split('|').Select(cell => cell.Trim(' ', '`')).ToArray());
        string[] names = ["alice", "bøb", "carol"];
        SumNode[] leaves = [.. names.Select((name, i) =>
        {
            var member = MemberCommitment.Of(Convert.FromHexString(rows["salt"][i]), name, MemberKey.From(Convert.FromBase64String(rows["public key, base64"][i])));
            Assert.Equal(rows["member"][i], Convert.ToHexStringLower(member));
            var totals = rows["up, down"][i].Split(", ").Select(ulong.Parse).ToArray();
            var leaf = SumNode.Leaf(member, totals[0], totals[1]);
            Assert.Equal("0x" + rows["leaf"][i], leaf.HashText);
            return leaf;
        })];
        var (left, right) = (SumNode.Join(leaves[0], leaves[1])!.Value, SumNode.Join(leaves[2], SumNode.Padding)!.Value);
        foreach (var (row, node) in ((string, SumNode)[])[("padding", SumNode.Padding), ("alice and bøb", left), ("carol and padding", right), ("root", SumNode.Join(left, right)!.Value)])
            Assert.Equal(["0x" + rows[row][0], rows[row][1]], [node.HashText, $"{node.Up}, {node.Down}"]);

        var document = Json().Match(text).Groups[1].Value;
        var (proof, fault) = MemberProofJson.Read(Encoding.UTF8.GetBytes(document));
        Assert.Null(fault);
        Assert.Null(proof!.Verify());
        Assert.Equal(SumNode.Join(left, right)!.Value, proof.Root);
        Assert.Equal(["ok"], await OtherVerifierTests.RunAsync([document.ReplaceLineEndings("")]));
    }

    [GeneratedRegex(@"^\| (salt|member|leaf|public key, base64|up, down|padding|alice and bøb|carol and padding|root) \| (`(?!keccak)[^\n]*|\d[^\n]*) \|$", RegexOptions.Multiline)]
    private static partial Regex Rows();

    [GeneratedRegex("```json\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Json();
}
