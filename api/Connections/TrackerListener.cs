using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Pbts.Api.Connections;

/// <summary>One address that the tracker listens at. The HTTP server accepts from it the connections that the loops hand over.</summary>
internal sealed class TrackerListener(Socket socket, SocketConnectionContextFactory connections, TrackerTransport transport) : IConnectionListener
{
    private readonly Channel<ConnectionContext> _handedOver = Channel.CreateBounded<ConnectionContext>(1024);

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public int Descriptor { get; } = (int)socket.Handle;

    /// <summary>Gives a connection to the HTTP server.</summary>
    /// <param name="client">The socket's remote address.</param>
    /// <param name="received">What it has sent so far.</param>
    public void HandOver(int descriptor, IPAddress client, ReadOnlySpan<byte> received)
    {
        if (!transport.HandsOver(client))
        {
            _ = Libc.Close(descriptor);
            return;
        }

        var connection = connections.Create(new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));
        connection.ConnectionClosed.UnsafeRegister(_ => transport.LeftHttpServer(client), null);
        connection.Transport = new Continued(received.ToArray(), connection.Transport);
        if (!_handedOver.Writer.TryWrite(connection))
            connection.Abort();
    }

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await _handedOver.Reader.ReadAsync(cancellationToken);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await transport.UnlistenAsync(this);
        socket.Dispose();
        _handedOver.Writer.TryComplete();
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    /// <summary>A connection of which some bytes were read already: they come first. What follows goes through <see cref="RequestFraming"/>.</summary>
    private sealed class Continued : IDuplexPipe
    {
        private readonly Pipe _input = new(new PipeOptions(minimumSegmentSize: 32 * 1024));

        public Continued(byte[] received, IDuplexPipe rest)
        {
            Output = rest.Output;
            _ = PumpAsync(received, rest.Input, _input.Writer);
        }

        public PipeReader Input => _input.Reader;

        public PipeWriter Output { get; }

        private static async Task PumpAsync(byte[] received, PipeReader rest, PipeWriter writer)
        {
            var framing = new RequestFraming();
            Exception? failure = null;
            try
            {
                // Bytes that came before and are not passed on yet: the beginning of a head, nearly always nothing.
                var held = received[framing.Copy(received, writer)..];
                while (!(await writer.FlushAsync()).IsCompleted)
                {
                    var read = await rest.ReadAsync();
                    if (held.Length > 0 && !read.Buffer.IsEmpty)
                    {
                        held = [.. held, .. read.Buffer.ToArray()];
                        held = held[framing.Copy(held, writer)..];
                        rest.AdvanceTo(read.Buffer.End);
                    }
                    else
                    {
                        rest.AdvanceTo(framing.Copy(read.Buffer, writer), read.Buffer.End);
                    }

                    if (!read.IsCompleted)
                        continue;
                    // Half a head is passed on as it is, for the HTTP server to judge.
                    writer.Write(held);
                    if (rest.TryRead(out read))
                    {
                        foreach (var part in read.Buffer)
                            writer.Write(part.Span);
                        rest.AdvanceTo(read.Buffer.End);
                    }

                    break;
                }
            }
            catch (Exception e) when (e is IOException or ConnectionAbortedException or InvalidOperationException or ObjectDisposedException)
            {
                failure = e;
            }

            await writer.CompleteAsync(failure);
        }
    }
}
