using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Pbts.Peer.Gate;

/// <summary>Answers the client's announces and scrapes, and whoever asks how the gate is, over HTTP on a loopback address. Who does not know the secret gets nothing.</summary>
/// <param name="secret">Part of every path.</param>
/// <param name="answer">Answers a question: verb, query, the caller's end and ours.</param>
internal sealed class GateServer(string secret, Func<string, string, (IPEndPoint Theirs, IPEndPoint Ours), Task<(string Type, byte[] Body)?>> answer) : IDisposable
{
    private const int MaxAtOnce = 64;
    private const int MaxTarget = 16 << 10;

    private readonly HttpListener _listener = new();
    private readonly SemaphoreSlim _free = new(MaxAtOnce, MaxAtOnce);

    /// <summary>Begins to listen.</summary>
    /// <exception cref="HttpListenerException">The port is taken, say.</exception>
    public void Start(IPEndPoint endPoint)
    {
        _listener.IgnoreWriteExceptions = true;
        _listener.Prefixes.Add($"http://{endPoint}/");
        _listener.Start();
    }

    /// <summary>Answers until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(_listener.Stop);
        while (!cancellationToken.IsCancellationRequested)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                // The caller left in the middle of its question, or it is over.
                await Task.Delay(10, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            _ = AnswerAsync(context, cancellationToken);
        }
    }

    public void Dispose()
    {
        _listener.Close();
        _free.Dispose();
    }

    private async Task AnswerAsync(HttpListenerContext context, CancellationToken cancellationToken)
    {
        var (status, type, body) = (404, "text/plain", "no such page"u8.ToArray());
        try
        {
            var target = context.Request.RawUrl ?? "";
            var (path, query) = target.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at ? (target[..at], target[(at + 1)..]) : (target, "");
            var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            if (!await _free.WaitAsync(0, CancellationToken.None).ConfigureAwait(false))
            {
                (status, body) = (503, "busy"u8.ToArray());
            }
            else
            {
                try
                {
                    if (context.Request.HttpMethod != "GET" || target.Length > MaxTarget)
                        (status, body) = (400, "a GET of at most 16 KiB"u8.ToArray());
                    else if (parts is [var verb, var said] && IsSecret(said) && await answer(verb, query, (context.Request.RemoteEndPoint, context.Request.LocalEndPoint)).ConfigureAwait(false) is { } found)
                        (status, type, body) = (200, found.Type, found.Body);
                    else if (parts is ["announce", ..])
                        (status, body) = (200, GateAnnounce.Failure("this is not the announce URL of this gate: pbts gate prints it"));
                }
                finally
                {
                    _free.Release();
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The gate ends.
        }

        try
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            context.Response.KeepAlive = false;
            context.Response.Close(body, willBlock: false);
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException or IOException)
        {
            // The caller has gone.
        }
    }

    private bool IsSecret(string said) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(said), Encoding.UTF8.GetBytes(secret));
}
