namespace Pbts.Peer.Gate;

/// <summary>Sees the messages of one direction, in order.</summary>
internal interface IWireFilter
{
    /// <summary>How many bytes of a message must have come before it can be judged; at most <see cref="WirePump.MaxHead"/>.</summary>
    /// <param name="available">What has come: the length, and more of it or not.</param>
    /// <param name="total">Bytes of the whole message with its length.</param>
    long HeadLength(ReadOnlySpan<byte> available, long total);

    /// <summary>Judges a message.</summary>
    /// <param name="head">As many of its bytes as were asked for, from the length on. Valid during the call only.</param>
    /// <param name="length">Bytes after the length.</param>
    /// <param name="instead">What goes on in place of a message that is dropped.</param>
    WireVerdict OnMessage(ReadOnlyMemory<byte> head, long length, out byte[]? instead);

    /// <summary>The last message that passes has come whole, and is about to go on.</summary>
    void OnPassed();

    /// <summary>Returns when a message that had to wait is worth another look.</summary>
    Task WaitAsync(CancellationToken cancellationToken);
}
