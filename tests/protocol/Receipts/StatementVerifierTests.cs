using System.Security.Cryptography;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Tests.Receipts;

public sealed class StatementVerifierTests
{
    private static readonly BlsSecretKey[] Secrets = [BlsSecretKey.Generate(), BlsSecretKey.Generate()];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verdicts_stand_where_their_statements_stood_whichever_are_verified_alone(bool firstAlone)
    {
        SignedStatement[] statements = [.. Enumerable.Range(0, 12).Select(i => Sign(i, alone: i % 2 == (firstAlone ? 0 : 1)))];
        statements[1] = statements[1] with { Message = [1] };
        statements[4] = statements[4] with { Signature = statements[5].Signature };
        statements[7] = statements[7] with { Signer = MemberKey.Of(Secrets[0]) };
        var expected = Enumerable.Range(0, 12).Select(i => i is not (1 or 4 or 7));
        Assert.Equal(expected, StatementVerifier.Verify(statements));
        // The second time the keys are known.
        Assert.Equal(expected, StatementVerifier.Verify(statements));
        Assert.Equal(expected, StatementVerifier.VerifyOnAllProcessors(statements));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bytes_that_are_no_key_or_no_signature_are_refused(bool alone)
    {
        var good = Sign(0, alone);
        var infinity = new byte[MemberKey.Length];
        infinity[0] = 0xc0;
        Assert.Equal([false, false, false, true], StatementVerifier.Verify(
            [good with { Signer = default }, good with { Signature = default }, good with { Signer = MemberKey.From(infinity) }, good]));
    }

    [Fact]
    public void On_all_processors_every_batch_is_verified_and_keeps_its_place()
    {
        var (good, bad) = (Sign(0), Sign(1) with { Message = [1] });
        SignedStatement[] statements = [.. Enumerable.Repeat(good, (2 * StatementVerifier.Batch) + 5)];
        int[] wrong = [3, StatementVerifier.Batch, (2 * StatementVerifier.Batch) + 4];
        Array.ForEach(wrong, i => statements[i] = bad);
        var verdicts = StatementVerifier.VerifyOnAllProcessors(statements);
        Assert.Equal(wrong, Enumerable.Range(0, statements.Length).Where(i => !verdicts[i]));
        Assert.Empty(StatementVerifier.VerifyOnAllProcessors([]));
    }

    private static SignedStatement Sign(int which, bool alone = false)
    {
        var message = RandomNumberGenerator.GetBytes(100 + which);
        var secret = Secrets[which % Secrets.Length];
        return new(MemberKey.Of(secret), message, ReceiptSignature.Of(secret, message), alone);
    }
}
