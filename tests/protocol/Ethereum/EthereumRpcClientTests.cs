using System.Numerics;
using System.Text.Json;
using Nethereum.RPC.Eth.DTOs;
using Pbts.Protocol.Ethereum;

namespace Pbts.Protocol.Tests.Ethereum;

[Collection(TimedTests.Name)]
public sealed class EthereumRpcClientTests
{
    private const string Hash = "0x2c711d0142f491c2eb822a01f452c27f66ec34fe8608baab989697b2b40ed59b";

    private const string Receipt = $$"""
        {"transactionHash":"{{Hash}}","status":"0x0","blockNumber":"0x10","blockHash":"{{Hash}}","gasUsed":"0x5208","effectiveGasPrice":"0x9",
         "contractAddress":null,"logs":[{"address":"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266","topics":["{{Hash}}"],"data":"0x01"}]}
        """;

    [Fact]
    public async Task A_quantity_is_read_and_the_request_is_well_formed()
    {
        string? seen = null;
        var result = await AskAsync(body => { seen = body; return (200, Result(body, "\"0x7a69\"")); }, c => c.ChainIdAsync());
        Assert.True(result.TryGet(out var chainId, out _));
        Assert.Equal(31337ul, chainId);
        using var request = JsonDocument.Parse(seen!);
        Assert.Equal("2.0", request.RootElement.GetProperty("jsonrpc").GetString());
        Assert.Equal("eth_chainId", request.RootElement.GetProperty("method").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x*1\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[\"0x1\"]}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":1}}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x10000000000000000\"}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1.5,\"result\":\"0x1\",\"error\":7}")]
    public async Task Answers_that_are_no_quantity_are_malformed(string answer)
    {
        var result = await AskAsync(_ => (200, answer), c => c.ChainIdAsync());
        Assert.Equal(ProblemKind.Malformed, result.Problem?.Kind);
        Assert.True(result.Problem!.IsTransient);
    }

    [Fact]
    public async Task A_silent_node_is_a_timeout()
    {
        var result = await AskAsync(_ => null, c => c.ChainIdAsync(), new EthereumRpcOptions { Timeout = TimeSpan.FromMilliseconds(200) });
        Assert.Equal(ProblemKind.Timeout, result.Problem?.Kind);
    }

    [Fact]
    public async Task A_node_that_sends_its_answer_drop_by_drop_is_a_timeout()
    {
        await using var node = new ScriptedNode(body => (200, Result(body, "\"0x1\""))) { ChunkSize = 1, Pause = TimeSpan.FromMilliseconds(50) };
        using var client = new EthereumRpcClient(node.Address, new EthereumRpcOptions { Timeout = TimeSpan.FromMilliseconds(400) });
        Assert.Equal(ProblemKind.Timeout, (await client.ChainIdAsync()).Problem?.Kind);
    }

    [Theory]
    [InlineData('[')]
    [InlineData('{')]
    public async Task Deep_nesting_is_malformed_and_does_not_exhaust_the_stack(char bracket)
    {
        var nest = string.Concat(Enumerable.Repeat(bracket == '[' ? "[" : "{\"a\":", 500_000));
        var result = await AskAsync(_ => (200, """{"jsonrpc":"2.0","id":1,"result":""" + nest), c => c.LatestBlockAsync());
        Assert.Equal(ProblemKind.Malformed, result.Problem?.Kind);
    }

    [Theory]
    [InlineData("0x")]
    [InlineData("0xabc")]
    [InlineData("0x*1")]
    [InlineData("00")]
    public async Task Answers_that_are_no_bytes_are_malformed_unless_they_are_none(string answer)
    {
        var result = await AskAsync(body => (200, Result(body, $"\"{answer}\"")), c => c.CallAsync(null, EthereumAddress.Zero, default));
        if (answer == "0x") Assert.True(result.TryGet(out var bytes, out _) && bytes.Length == 0);
        else Assert.Equal(ProblemKind.Malformed, result.Problem?.Kind);
    }

    [Fact]
    public async Task A_closed_port_is_unreachable_and_the_address_is_not_told()
    {
        using var client = new EthereumRpcClient(new Uri("http://127.0.0.1:1/secret-access-key"));
        var result = await client.ChainIdAsync();
        Assert.Equal(ProblemKind.Unreachable, result.Problem?.Kind);
        Assert.DoesNotContain("secret-access-key", result.Problem!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_over_the_limit_is_not_read()
    {
        var result = await AskAsync(
            body => (200, Result(body, $"\"0x{new string('a', 5000)}\"")), c => c.ChainIdAsync(), new EthereumRpcOptions { MaxResponseBytes = 4096 });
        Assert.Equal(ProblemKind.TooLarge, result.Problem?.Kind);
    }

    [Fact]
    public async Task An_http_error_without_json_is_an_http_error()
    {
        var result = await AskAsync(_ => (503, "<html>busy</html>"), c => c.ChainIdAsync());
        Assert.Equal((ProblemKind.Http, 503), (result.Problem!.Kind, result.Problem.Code));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    public async Task An_error_object_is_the_nodes_whatever_the_status(int status)
    {
        var result = await AskAsync(
            _ => (status, """{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"nonce too low"}}"""), c => c.SendRawTransactionAsync(new byte[] { 1 }));
        Assert.Equal((ProblemKind.Node, -32000), (result.Problem!.Kind, result.Problem.Code));
        Assert.Contains("nonce too low", result.Problem.Text, StringComparison.Ordinal);
        Assert.False(result.Problem.IsTransient);
    }

    [Theory]
    [InlineData("\"DATA\"")]
    [InlineData("{\"data\":\"DATA\"}")]
    public async Task A_revert_gives_its_reason(string form)
    {
        var data = EthereumVectors.Cases("abi/reverts")[2].Text("data");
        var error = """{"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted","data":FORM}}"""
            .Replace("FORM", form.Replace("DATA", data, StringComparison.Ordinal), StringComparison.Ordinal);
        var call = ReputationAbi.UpdateUser.EncodeCall("x", BigInteger.One, BigInteger.One);
        var result = await AskAsync(_ => (200, error), c => c.EstimateGasAsync(EthereumAddress.Zero, EthereumAddress.Zero, call));
        Assert.Equal(ProblemKind.Reverted, result.Problem!.Kind);
        Assert.Equal("User does not exist", result.Problem.RevertReason);
    }

    [Fact]
    public async Task An_unmined_transaction_has_no_receipt()
    {
        var result = await AskAsync(body => (200, Result(body, "null")), c => c.TransactionReceiptAsync(Hash));
        Assert.True(result.TryGet(out var receipt, out _));
        Assert.Null(receipt);
    }

    [Fact]
    public async Task A_receipt_is_read_with_its_logs()
    {
        var result = await AskAsync(body => (200, Result(body, Receipt)), c => c.TransactionReceiptAsync(Hash));
        Assert.True(result.TryGet(out var receipt, out _));
        Assert.False(receipt!.Succeeded());
        Assert.Equal((16, 21000, 9), (receipt!.BlockNumber.Value, receipt.GasUsed.Value, receipt.EffectiveGasPrice.Value));
        Assert.Equal("0x01", Assert.Single(receipt.Logs).Data);
    }

    [Theory]
    [InlineData("\"status\":\"0x0\",", "")]
    [InlineData("\"status\":\"0x0\"", "\"status\":\"0x2\"")]
    [InlineData("\"blockNumber\":\"0x10\"", "\"blockNumber\":null")]
    [InlineData("\"blockNumber\":\"0x10\"", "\"blockNumber\":\"0xffffffffffffffff\"")]
    [InlineData("\"gasUsed\":\"0x5208\"", "\"gasUsed\":\"much\"")]
    [InlineData("\"effectiveGasPrice\":\"0x9\"", "\"effectiveGasPrice\":\"0x\"")]
    [InlineData("\"logs\":[", "\"logs\":[null,")]
    [InlineData("\"logs\":[", "\"logs\":[{},")]
    [InlineData("\"address\":\"0xf39f", "\"address\":\"f39f")]
    [InlineData("\"data\":\"0x01\"", "\"data\":\"0x0\"")]
    [InlineData("\"topics\":[", "\"topics\":[7,")]
    [InlineData("\"topics\":[", "\"topics\":[\"0x01\",")]
    public async Task A_receipt_with_something_missing_or_unreadable_is_malformed(string good, string bad)
    {
        Assert.Contains(good, Receipt, StringComparison.Ordinal);
        var result = await AskAsync(body => (200, Result(body, Receipt.Replace(good, bad, StringComparison.Ordinal))), c => c.TransactionReceiptAsync(Hash));
        Assert.Equal(ProblemKind.Malformed, result.Problem?.Kind);
    }

    [Fact]
    public async Task Cancelling_throws_instead_of_reporting_a_timeout()
    {
        await using var node = new ScriptedNode(_ => null);
        using var client = new EthereumRpcClient(node.Address);
        using var cancel = new CancellationTokenSource(100);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.ChainIdAsync(cancel.Token));
    }

    private static string Result(string request, string result)
    {
        using var json = JsonDocument.Parse(request);
        return $$"""{"jsonrpc":"2.0","id":{{json.RootElement.GetProperty("id")}},"result":{{result}}}""";
    }

    private static async Task<Outcome<T>> AskAsync<T>(
        Func<string, (int Status, string Body)?> script, Func<EthereumRpcClient, Task<Outcome<T>>> call, EthereumRpcOptions? options = null)
    {
        await using var node = new ScriptedNode(script);
        using var client = new EthereumRpcClient(node.Address, options);
        return await call(client);
    }
}
