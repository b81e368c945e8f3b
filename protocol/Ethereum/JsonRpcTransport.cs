using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pbts.Protocol.Ethereum;

/// <summary>JSON-RPC 2.0 over HTTP POST: one call, one answer, both bounded.</summary>
internal sealed class JsonRpcTransport(HttpClient http, Uri endpoint, EthereumRpcOptions options)
{
    private const int MaxMessageLength = 300;
    private int _lastId;

    public async Task<RpcResult<JsonElement>> CallAsync(string method, JsonArray parameters, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var body = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body)) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            using var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            var text = await ReadAsync(stream, limit.Token).ConfigureAwait(false);
            if (text is null) return Fail(RpcErrorKind.TooLarge, $"{method}: the answer is larger than {options.MaxResponseBytes} bytes");
            // Some nodes answer errors with a status of 4xx and a proper error object: that object says more than the status.
            var result = Parse(method, id, text.Value);
            return !response.IsSuccessStatusCode && result.Error is not { Kind: RpcErrorKind.Node or RpcErrorKind.Reverted }
                ? Fail(RpcErrorKind.Http, $"{method}: HTTP status {(int)response.StatusCode}", (int)response.StatusCode)
                : result;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Fail(RpcErrorKind.Timeout, $"{method}: no answer within {options.Timeout.TotalSeconds:0.#} s");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return Fail(RpcErrorKind.Unreachable, $"{method}: the node cannot be reached");
        }
    }

    private async Task<ReadOnlyMemory<byte>?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (buffer.Length + read > options.MaxResponseBytes) return null;
            buffer.Write(chunk, 0, read);
        }
        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    private static RpcResult<JsonElement> Parse(string method, int id, ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
            {
                if (root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object) return new(NodeError(method, error));
                var mine = root.TryGetProperty("id", out var answered) && answered.ValueKind == JsonValueKind.Number
                    && answered.TryGetInt32(out var number) && number == id;
                if (mine && root.TryGetProperty("result", out var result)) return new(result.Clone());
            }
        }
        catch (JsonException)
        {
        }
        return Fail(RpcErrorKind.Malformed, $"{method}: the answer is not a JSON-RPC response");
    }

    private static RpcError NodeError(string method, JsonElement error)
    {
        var code = error.TryGetProperty("code", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value) ? value : 0;
        var message = error.TryGetProperty("message", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "unnamed error";
        if (message.Length > MaxMessageLength) message = message[..MaxMessageLength];
        var data = RevertData(error);
        var reason = data is null ? null : RevertReason.Decode(data);
        // Code 3 is what nodes use for a revert; some send only the words.
        var reverted = code == 3 || reason is not null || message.Contains("revert", StringComparison.OrdinalIgnoreCase);
        return new RpcError(reverted ? RpcErrorKind.Reverted : RpcErrorKind.Node, $"{method}: {message}", code, reason);
    }

    private static byte[]? RevertData(JsonElement error)
    {
        if (!error.TryGetProperty("data", out var data)) return null;
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("data", out var inner)) data = inner;
        return data.ValueKind == JsonValueKind.String && EthereumHex.TryParse(data.GetString(), out var bytes) ? bytes : null;
    }

    private static RpcResult<JsonElement> Fail(RpcErrorKind kind, string message, int code = 0) => new(new RpcError(kind, message, code));
}
