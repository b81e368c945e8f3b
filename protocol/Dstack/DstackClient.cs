using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pbts.Protocol.Dstack;

/// <summary>
/// Speaks to the dstack guest agent inside a trusted machine: HTTP with JSON over its Unix socket, one POST a call
/// (<c>/GetKey</c>, <c>/GetQuote</c>, <c>/Info</c>), byte strings in hex.
/// </summary>
public sealed class DstackClient : IDisposable
{
    private const int MaxResponse = 1 << 20;
    private const int MaxMessage = 200;

    /// <summary>Where the agent's socket is when nobody says.</summary>
    private static readonly string[] SocketPaths = ["/var/run/dstack.sock", "/run/dstack.sock", "/var/run/dstack/dstack.sock", "/run/dstack/dstack.sock"];

    private readonly HttpClient _http;
    private readonly string? _socket;
    private readonly TimeSpan _timeout;

    /// <param name="endpoint">Path of a Unix socket, or the http URL of a simulator; empty: where the agent usually is.</param>
    /// <param name="timeout">Longest wait for one answer.</param>
    public DstackClient(string endpoint, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        _timeout = timeout;
        var isUrl = IsUrl(endpoint);
        _socket = isUrl ? null : endpoint.Length > 0 ? endpoint : Array.Find(SocketPaths, File.Exists) ?? SocketPaths[0];
#pragma warning disable CA2000 // The client disposes it.
        var handler = new SocketsHttpHandler { PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5), AllowAutoRedirect = false, UseProxy = false };
#pragma warning restore CA2000
        if (_socket is not null)
            handler.ConnectCallback = ConnectAsync;
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, BaseAddress = new Uri(isUrl ? endpoint.TrimEnd('/') + "/" : "http://dstack/") };
    }

    /// <summary>Whether the text names an http or https address rather than a socket.</summary>
    public static bool IsUrl(string endpoint) => Uri.TryCreate(endpoint, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";

    /// <summary>The secret of a path: 32 bytes, the same at every call of the same application.</summary>
    public async Task<Outcome<byte[]>> GetKeyAsync(string path, string purpose, CancellationToken cancellationToken)
    {
        var called = await CallAsync("GetKey", new() { ["path"] = path, ["purpose"] = purpose, ["algorithm"] = "secp256k1" }, cancellationToken).ConfigureAwait(false);
        if (!called.TryGet(out var answer, out var problem))
            return problem;
        return Bytes(answer, "key") is { Length: 32 } key ? key : new Problem(ProblemKind.Malformed, "GetKey: the answer has no key of 32 bytes");
    }

    /// <summary>A quote over 64 bytes of report data.</summary>
    public async Task<Outcome<byte[]>> GetQuoteAsync(ReadOnlyMemory<byte> reportData, CancellationToken cancellationToken)
    {
        if (reportData.Length != 64)
            throw new ArgumentException("Report data has 64 bytes.", nameof(reportData));
        var called = await CallAsync("GetQuote", new() { ["report_data"] = Convert.ToHexStringLower(reportData.Span) }, cancellationToken).ConfigureAwait(false);
        if (!called.TryGet(out var answer, out var problem))
            return problem;
        return Bytes(answer, "quote") is { Length: > 0 } quote ? quote : new Problem(ProblemKind.Malformed, "GetQuote: the answer has no quote");
    }

    /// <summary>What runs in the machine.</summary>
    public async Task<Outcome<DstackInfo>> InfoAsync(CancellationToken cancellationToken)
    {
        if (!(await CallAsync("Info", [], cancellationToken).ConfigureAwait(false)).TryGet(out var answer, out var problem))
            return problem;
        string? Text(string name) => answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
        return Text("app_id") is { } application
            ? new DstackInfo(application, Text("instance_id") ?? "", Text("app_name") ?? "", Text("compose_hash") ?? "")
            : new Problem(ProblemKind.Malformed, "Info: the answer has no app_id");
    }

    public void Dispose() => _http.Dispose();

    private static byte[]? Bytes(JsonElement answer, string name)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String)
            return null;
        var text = value.GetString()!;
        var bytes = new byte[text.Length / 2];
        return text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : null;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket!), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Outcome<JsonElement>> CallAsync(string method, JsonObject arguments, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_timeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, method) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(arguments.ToJsonString())) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            using var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            var body = await ReadAsync(stream, limit.Token).ConfigureAwait(false);
            if (body is null)
                return new Problem(ProblemKind.TooLarge, $"{method}: the answer is longer than {MaxResponse} bytes");
            using var document = JsonDocument.Parse(body);
            // What the agent says went wrong; never what was asked or answered otherwise, which may be secret.
            return response.IsSuccessStatusCode ? document.RootElement.Clone()
                : new Problem(ProblemKind.Http, $"{method}: status {(int)response.StatusCode}{ErrorText(document.RootElement)}", (int)response.StatusCode);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Problem(ProblemKind.Timeout, $"{method}: no answer within {_timeout.TotalSeconds:0.#} s");
        }
        catch (JsonException)
        {
            return new Problem(ProblemKind.Malformed, $"{method}: the answer is not JSON");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException or ArgumentException)
        {
            return new Problem(ProblemKind.Unreachable, $"{method}: the dstack agent cannot be reached");
        }
    }

    private static string ErrorText(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String && error.GetString() is { Length: > 0 } text
            ? $" ({(text.Length > MaxMessage ? text[..MaxMessage] : text)})" : "";

    private static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellationToken).ConfigureAwait(false)) > 0)
        {
            if (buffer.Length + read > MaxResponse)
                return null;
            buffer.Write(chunk, 0, read);
        }

        return buffer.ToArray();
    }
}
