using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Admission;

/// <summary>Somebody at an address of their own on this machine: to the tracker, a stranger to everybody at another.</summary>
internal sealed partial class Stranger(NodeProcess node, string address) : IDisposable
{
    private const int LowestPriority = 19;

    private readonly IPAddress _address = IPAddress.Parse(address);
    private readonly List<Socket> _held = [];
    private HttpClient? _http;

    public IPAddress Address => _address;

    /// <summary>Requests from this address.</summary>
    public HttpClient Http => _http ??= node.CreateClient(address);

    public async Task<Socket> ConnectAsync(CancellationToken stop = default)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(_address, 0));
        await socket.ConnectAsync(IPAddress.Loopback, node.Port, stop);
        return socket;
    }

    /// <summary>Opens connections, sends so much on each, and keeps them; those that the tracker refuses are none.</summary>
    public async Task HoldAsync(int connections, string bytes = "")
    {
        for (var i = 0; i < connections; i++)
        {
            try
            {
                var socket = await ConnectAsync();
                _held.Add(socket);
                if (bytes.Length > 0)
                    await socket.SendAsync(Encoding.Latin1.GetBytes(bytes));
            }
            catch (SocketException)
            {
                // Refused: what one would expect.
            }
        }
    }

    /// <summary>
    /// Asks the same or something else again and again on so many connections, waiting for each answer, until told to stop. On
    /// threads that come after all others: a stranger's own work is done on a machine elsewhere.
    /// </summary>
    /// <returns>Answers that came.</returns>
    public async Task<long> FloodAsync(int connections, Func<int, byte[]> request, CancellationToken stop)
    {
        var answers = 0L;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(which => Task.Factory.StartNew(() =>
        {
            _ = SetPriority(0, 0, LowestPriority);
            var buffer = new byte[256 * 1024];
            for (var i = which; !stop.IsCancellationRequested;)
            {
                try
                {
                    using var socket = ConnectAsync(stop).GetAwaiter().GetResult();
                    using var end = stop.Register(socket.Dispose);
                    for (; !stop.IsCancellationRequested; i += connections)
                    {
                        socket.Send(request(i));
                        if (socket.Receive(buffer) == 0)
                            break;
                        Interlocked.Increment(ref answers);
                    }
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
                {
                    // Thrown out, or it is over.
                }
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return answers;
    }

    public void Dispose()
    {
        _held.ForEach(socket => socket.Dispose());
        _http?.Dispose();
    }

    /// <summary>setpriority(2); "process 0" is the calling thread on Linux.</summary>
    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int niceness);
}
