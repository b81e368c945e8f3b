using Microsoft.AspNetCore.Http;
using Pbts.Protocol;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Dstack;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>The client of the dstack agent over a real Unix socket.</summary>
public sealed class DstackClientTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Keys_are_the_same_for_the_same_path()
    {
        await using var agent = await DstackAgent.StartAsync();
        using var client = new DstackClient(agent.Socket, Timeout);
        var first = Got(await client.GetKeyAsync("pbts/bls/a", "signature", default));
        Assert.Equal(first, Got(await client.GetKeyAsync("pbts/bls/a", "signature", default)));
        Assert.NotEqual(first, Got(await client.GetKeyAsync("pbts/bls/b", "signature", default)));
        Assert.Equal(32, first.Length);
        var (method, body) = agent.Calls.First();
        Assert.Equal(("GetKey", "pbts/bls/a", "signature", "secp256k1"), (method, (string)body["path"]!, (string)body["purpose"]!, (string)body["algorithm"]!));
    }

    [Fact]
    public async Task Quotes_are_over_the_report_data_and_Info_names_the_application()
    {
        await using var agent = await DstackAgent.StartAsync();
        using var client = new DstackClient(agent.Socket, Timeout);
        byte[] data = [.. Enumerable.Range(0, 64).Select(i => (byte)(i * 3))];
        var quote = Got(await client.GetQuoteAsync(data, default));
        Assert.True(Quote.TryParse(quote, out var parsed, out var error), error);
        Assert.Equal(data, parsed.ReportData.ToArray());
        var info = Got(await client.InfoAsync(default));
        Assert.Equal((new string('1', 40), "tracker", new string('4', 64)), (info.AppId, info.AppName, info.ComposeHash));
    }

    [Fact]
    public async Task Without_a_socket_there_is_an_error_and_no_exception()
    {
        using var client = new DstackClient("/nonexistent/dstack.sock", Timeout);
        Assert.Equal("Info: the dstack agent cannot be reached", (await client.InfoAsync(default)).Problem?.Text);
    }

    [Fact]
    public async Task An_agent_that_does_not_answer_is_given_up_on()
    {
        await using var agent = await DstackAgent.StartAsync();
        var released = new TaskCompletionSource();
        agent.Instead = _ => { released.Task.Wait(TimeSpan.FromSeconds(30)); return null; };
        using var client = new DstackClient(agent.Socket, TimeSpan.FromMilliseconds(300));
        Assert.Equal("GetKey: no answer within 0.3 s", (await client.GetKeyAsync("x", "y", default)).Problem?.Text);
        released.SetResult();
    }

    [Theory]
    [InlineData(400, """{"error":"no such key"}""", "GetKey: status 400 (no such key)")]
    [InlineData(500, """{}""", "GetKey: status 500")]
    [InlineData(200, "not JSON", "GetKey: the answer is not JSON")]
    [InlineData(200, "[]", "GetKey: the answer has no key of 32 bytes")]
    [InlineData(200, """{"key":"00ff"}""", "GetKey: the answer has no key of 32 bytes")]
    [InlineData(200, """{"key":5}""", "GetKey: the answer has no key of 32 bytes")]
    [InlineData(302, """{}""", "GetKey: status 302")]
    public async Task Answers_that_are_no_answers_are_errors(int status, string body, string expected)
    {
        await using var agent = await DstackAgent.StartAsync();
        agent.Instead = _ => Results.Text(body, "application/json", statusCode: status);
        using var client = new DstackClient(agent.Socket, Timeout);
        Assert.Equal(expected, (await client.GetKeyAsync("x", "y", default)).Problem?.Text);
    }

    [Fact]
    public async Task An_endless_answer_is_not_read_to_its_end()
    {
        await using var agent = await DstackAgent.StartAsync();
        agent.Instead = _ => Results.Text(new string(' ', 2 << 20), "application/json");
        using var client = new DstackClient(agent.Socket, Timeout);
        Assert.Equal("GetQuote: the answer is longer than 1048576 bytes", (await client.GetQuoteAsync(new byte[64], default)).Problem?.Text);
    }

    private static T Got<T>(Outcome<T> outcome)
    {
        Assert.True(outcome.TryGet(out var value, out var problem), problem?.Text);
        return value;
    }
}
