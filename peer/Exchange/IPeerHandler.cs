namespace Pbts.Peer.Exchange;

/// <summary>What a connection tells its session. Calls of one connection come one after the other, except those about sending.</summary>
internal interface IPeerHandler
{
    /// <summary>A message arrived. The payload is valid during the call only.</summary>
    ValueTask OnMessageAsync(PeerConnection peer, byte id, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken);

    /// <summary>Gives the bytes of a block, or <c>null</c> when the peer gets none now; <see cref="PeerConnection.Wake"/> asks again.</summary>
    byte[]? TakeBlock(PeerConnection peer, BlockRequest request);

    /// <summary>Waits until a block may be sent.</summary>
    Task PaceAsync(BlockRequest request, CancellationToken cancellationToken);

    /// <summary>The peer has said that it sends no more: returns when all it sent is dealt with and kept.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    Task OnEndedAsync(CancellationToken cancellationToken);

    /// <summary>A block is about to be handed to the network.</summary>
    void OnBlockSending(PeerConnection peer, BlockRequest request);
}
