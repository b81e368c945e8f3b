using System.Buffers;
using System.Diagnostics;

namespace Pbts.Api.Connections;

/// <summary>What a loop does with one connection that is ready.</summary>
internal sealed partial class TrackerLoop
{
    private unsafe void Exchange(TrackerConnection connection)
    {
        switch (connection.State)
        {
            case ConnectionState.Reading:
                if (Receive(connection, out var bytes))
                    Take(connection, bytes);
                break;
            case ConnectionState.Sending:
                if (!Send(connection, connection.Unsent.Span))
                    break;
                if (connection.Pending)
                    Await(connection, ConnectionState.Answering);
                else
                    Continue(connection);
                break;
            case ConnectionState.Ending:
                fixed (byte* input = _input)
                {
                    var count = Libc.Receive(connection.Descriptor, input, _input.Length);
                    if (count == 0 || (count < 0 && Libc.Error != Libc.TryAgain))
                        Close(connection, CloseReason.Client);
                    else if (count == _input.Length || (count > 0 && connection.HalfClosed))
                        _unread.Add(connection);
                }

                break;

            // Nothing was asked for, so it is the end of a client that did not wait.
            case ConnectionState.Answering:
                Close(connection, CloseReason.Client);
                break;
        }
    }

    /// <summary>Reads what is there, behind what is held.</summary>
    /// <returns>False when nothing came, or the connection is over.</returns>
    private unsafe bool Receive(TrackerConnection connection, out ReadOnlySpan<byte> bytes)
    {
        var held = connection.Held.Length;
        connection.Held.Span.CopyTo(_input);
        connection.Held = default;
        int count, most = Math.Min(ReadSize, _input.Length - held);
        fixed (byte* input = _input)
            count = Libc.Receive(connection.Descriptor, input + held, most);
        bytes = _input.AsSpan(0, held + Math.Max(0, count));
        connection.Unread = count == most || (count > 0 && connection.HalfClosed);
        if (count > 0)
            return true;
        if (count < 0 && Libc.Error is Libc.TryAgain or Libc.Interrupted)
        {
            Hold(connection, bytes);
            Await(connection, ConnectionState.Reading);
        }
        else
        {
            Close(connection, CloseReason.Client);
        }

        return false;
    }

    /// <summary>Answers what has come in.</summary>
    private void Take(TrackerConnection connection, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            switch (_requests.Take(bytes, connection.Client, _shedding, _body, out var request))
            {
                case RequestKind.Tracker:
                    bytes = bytes[request.Length..];
                    connection.Last = !request.KeepAlive || _closing;
                    if (!request.Answer.IsCompletedSuccessfully)
                    {
                        Hold(connection, bytes);
                        connection.Pending = true;
                        _ = FinishAsync(connection, request);
                        if (Flush(connection))
                            Await(connection, ConnectionState.Answering);
                        return;
                    }

                    Answer(connection, request, _body);
                    if (!connection.Last && _output.WrittenCount < WriteSize)
                        break;
                    Hold(connection, bytes);
                    if (Flush(connection))
                        Continue(connection);
                    return;
                case RequestKind.Incomplete:
                    Hold(connection, bytes);
                    if (Flush(connection))
                        Await(connection, ConnectionState.Reading);
                    return;
                case RequestKind.TooLarge:
                    ReplyHead.TooLarge(_output);
                    _transport.Count(CloseReason.TooLarge);
                    connection.Last = true;
                    Hold(connection, bytes);
                    if (Flush(connection))
                        Continue(connection);
                    return;
                case RequestKind.Other:
                    HandOver(connection, bytes);
                    return;
            }
        }
    }

    private void Answer(TrackerConnection connection, in TrackerRequest request, ArrayBufferWriter<byte> body)
    {
        ReplyHead.Ok(_output, body.WrittenCount, !connection.Last, request.Http11);
        _output.Write(body.WrittenSpan);
        body.ResetWrittenCount();
        connection.Active = Stopwatch.GetTimestamp();
        connection.Answered = true;
    }

    /// <summary>Waits for an answer off this thread, in a body that is the answer's alone.</summary>
    private async Task FinishAsync(TrackerConnection connection, TrackerRequest request)
    {
        var body = _body;
        _body = new(BodySize);
        await _requests.FinishAsync(request.Answer, body);
        Post(() => Serve(connection, _ => Finish(connection, request, body)));
    }

    private void Finish(TrackerConnection connection, in TrackerRequest request, ArrayBufferWriter<byte> body)
    {
        if (connection.Gone)
            return;
        connection.Pending = false;
        Answer(connection, request, body);
        if (connection.State == ConnectionState.Sending)
        {
            // Behind what the client has yet to take.
            connection.Unsent = (byte[])[.. connection.Unsent.Span, .. _output.WrittenSpan];
            _output.ResetWrittenCount();
        }
        else if (Flush(connection))
        {
            Continue(connection);
        }
    }

    /// <summary>Everything was sent: on to what was held meanwhile, or the end.</summary>
    private void Continue(TrackerConnection connection)
    {
        var held = connection.Held;
        connection.Held = default;
        if (!connection.Last)
        {
            Take(connection, held.Span);
        }
        else if (held.IsEmpty)
        {
            Close(connection, CloseReason.Client);
        }
        else
        {
            // To close with something unread would take the last answer from the client.
            Libc.ShutdownWrite(connection.Descriptor);
            Await(connection, ConnectionState.Ending);
        }
    }

    private static void Hold(TrackerConnection connection, ReadOnlySpan<byte> bytes) => connection.Held = bytes.IsEmpty ? default : bytes.ToArray();

    /// <summary>Sends what is written; false when the client has to take some of it first, or is gone.</summary>
    private bool Flush(TrackerConnection connection)
    {
        var sent = Send(connection, _output.WrittenSpan);
        _output.ResetWrittenCount();
        return sent;
    }

    private unsafe bool Send(TrackerConnection connection, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return true;
        int count;
        fixed (byte* start = bytes)
            count = Libc.Send(connection.Descriptor, start, bytes.Length);
        if (count == bytes.Length)
        {
            connection.Unsent = default;
            return true;
        }

        if (count < 0 && Libc.Error is not (Libc.TryAgain or Libc.Interrupted))
        {
            Close(connection, CloseReason.Client);
            return false;
        }

        connection.Unsent = bytes[Math.Max(0, count)..].ToArray();
        Await(connection, ConnectionState.Sending);
        return false;
    }

    private void HandOver(TrackerConnection connection, ReadOnlySpan<byte> bytes)
    {
        // What a client asked before is answered before.
        if (_output.WrittenCount > 0)
        {
            Hold(connection, bytes);
            if (!Flush(connection))
                return;
        }

        Forget(connection);
        connection.Listener.HandOver(connection.Descriptor, connection.Client, bytes);
    }

    /// <summary>The connection waits, here or, when it is new, in the loop whose turn it is.</summary>
    private void Await(TrackerConnection connection, ConnectionState state)
    {
        var events = state switch
        {
            ConnectionState.Sending => Libc.EpollOut | Libc.EpollEdge,
            ConnectionState.Answering => 0,
            _ => Libc.EpollIn | Libc.EpollHalfClosed | Libc.EpollEdge,
        };
        (connection.State, connection.Events, var before) = (state, events, connection.Events);
        if (!connection.Watched)
        {
            (state == ConnectionState.Reading ? _transport.Next() : this).Watch(connection);
            return;
        }

        Line(connection);
        if (events != before)
            _poller.Modify(connection.Descriptor, events, connection.Generation); // Which tells anew what is there.
        else if (connection.Unread && state is ConnectionState.Reading or ConnectionState.Ending)
            _unread.Add(connection); // In the other states nothing is read: they come back to these.
    }

    private void Watch(TrackerConnection connection)
    {
        connection.Watched = true;
        if (Environment.CurrentManagedThreadId != _thread.ManagedThreadId)
        {
            Post(() => Serve(connection, Watch));
            return;
        }

        connection.Generation = ++_generation;
        _connections.Add(connection.Descriptor, connection);
        _poller.Add(connection.Descriptor, connection.Events, connection.Generation);
        Line(connection);
        // Now, and not when it was taken: those that are on their way from thread to thread then, no thread could spare.
        if (_transport.IsCrowded)
            _transport.MakeRoom(this, connection);
    }

    /// <summary>
    /// From when on the connection is silent. One that has begun a request stays where it is however many bytes it sends until
    /// the request is whole, a new one from when it was taken; one that is kept begins anew with each answer.
    /// </summary>
    private void Line(TrackerConnection connection)
    {
        var line = connection.State switch
        {
            ConnectionState.Answering => null,
            ConnectionState.Reading when !connection.Held.IsEmpty || !connection.Answered => _begun,
            ConnectionState.Ending => _begun,
            _ => _kept,
        };
        if (line is null)
            SilentLine.Leave(connection);
        else if (line != connection.Line || (line == _kept && connection.Active > connection.SilentSince))
            line.Enter(connection, line == _kept || !connection.Answered ? connection.Active : Stopwatch.GetTimestamp());
    }

    private void Close(TrackerConnection connection, CloseReason reason)
    {
        if (connection.Gone)
            return;
        Forget(connection);
        _transport.Left(connection.Client);
        _transport.Count(reason);
        _ = Libc.Close(connection.Descriptor);
    }

    private void Forget(TrackerConnection connection)
    {
        connection.Gone = true;
        SilentLine.Leave(connection);
        if (_connections.Remove(connection.Descriptor))
            _poller.Remove(connection.Descriptor);
    }
}
