using System.Text;
using Nethereum.JsonRpc.Client;
using Nethereum.JsonRpc.Client.RpcMessages;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Pbts.Protocol.Ethereum;

/// <summary>
/// The transport under Nethereum. Its own reads answers of any size, waits as long as one setting of the whole process says,
/// takes an object that is no JSON-RPC response for an empty result, and drops the error object of an HTTP error.
/// Throws <see cref="RpcFailedException"/>.
/// </summary>
internal sealed class BoundedRpcClient(HttpClient http, Uri endpoint) : ClientBase
{
    private static readonly JsonSerializerSettings Settings = new() { NullValueHandling = NullValueHandling.Ignore, DateParseHandling = DateParseHandling.None };

    public override async Task<RpcResponseMessage> SendAsync(RpcRequestMessage rpcRequestMessage, string? route = null)
    {
        try
        {
            using var body = new StringContent(JsonConvert.SerializeObject(rpcRequestMessage, Settings), Encoding.UTF8, "application/json");
            using var response = await http.PostAsync(endpoint, body).ConfigureAwait(false);
            var message = Parse(await response.Content.ReadAsStringAsync().ConfigureAwait(false));
            if (message is not null && (response.IsSuccessStatusCode || message.HasError))
                return message;
            var status = (int)response.StatusCode;
            throw response.IsSuccessStatusCode
                ? new RpcFailedException(ProblemKind.Malformed, "the answer is not a JSON-RPC response")
                : new RpcFailedException(ProblemKind.Http, $"HTTP status {status}", status);
        }
        catch (TaskCanceledException)
        {
            throw new RpcFailedException(ProblemKind.Timeout, $"no answer within {http.Timeout.TotalSeconds:0.#} s");
        }
        catch (HttpRequestException error) when (error.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new RpcFailedException(ProblemKind.TooLarge, $"the answer is larger than {http.MaxResponseContentBufferSize} bytes");
        }
        catch (HttpRequestException)
        {
            throw new RpcFailedException(ProblemKind.Unreachable, "the node cannot be reached");
        }
    }

    protected override Task<RpcResponseMessage[]> SendAsync(RpcRequestMessage[] requests) => throw new NotSupportedException("Calls are made one by one.");

    private static RpcResponseMessage? Parse(string text)
    {
        try
        {
            if (JsonConvert.DeserializeObject<JToken>(text, Settings) is not JObject answer)
                return null;
            var message = answer.ToObject<RpcResponseMessage>(JsonSerializer.Create(Settings));
            return message is { HasError: true } || answer.ContainsKey("result") ? message : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
