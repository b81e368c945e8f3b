using System.Net;
using System.Text.Json.Nodes;
using Pbts.Local.Processes;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Stands between a client and anvil and may answer in its place: what a bad or overloaded node does.</summary>
internal sealed class RpcProxy : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _http = new();
    private readonly Uri _node;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    public RpcProxy(Uri node)
    {
        _node = node;
        Url = new Uri($"http://127.0.0.1:{Ports.Free()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    public Uri Url { get; }

    /// <summary>Given the method, the request and a way to ask the node; the answer's <c>result</c> or <c>error</c> members, or null to stay silent.</summary>
    public Func<string, JsonNode, Func<Task<JsonNode>>, Task<JsonNode?>> Behaviour { get; set; } = async (_, _, forward) => await forward();

    public static JsonNode Result(JsonNode? value) => new JsonObject { ["result"] = value };

    public static JsonNode Error(int code, string message) => new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message } };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        ((IDisposable)_listener).Dispose();
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                _ = AnswerAsync(context);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream);
            var text = await reader.ReadToEndAsync();
            var request = JsonNode.Parse(text)!;
            var answer = await Behaviour((string)request["method"]!, request, async () =>
            {
                using var content = new StringContent(text, null, "application/json");
                using var response = await _http.PostAsync(_node, content);
                return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            });
            if (answer is null)
            {
                await Task.Delay(Timeout.Infinite, _stop.Token);
                return;
            }
            answer["jsonrpc"] = "2.0";
            answer["id"] = request["id"]!.DeepClone();
            await using var output = new StreamWriter(context.Response.OutputStream);
            await output.WriteAsync(answer.ToJsonString());
        }
        catch (Exception e) when (e is OperationCanceledException or HttpListenerException or IOException or HttpRequestException or ObjectDisposedException)
        {
            context.Response.Abort();
        }
    }
}
