namespace Pbts.Peer.Tracker;

/// <summary>A tracker that takes announces, over HTTP or UDP.</summary>
internal interface IAnnounceTracker : IDisposable
{
    /// <summary>The tracker as a message may name it: without the path, which may hold a passkey.</summary>
    string Name { get; }

    /// <summary>Announces. What goes wrong is in the reply.</summary>
    Task<AnnounceReply> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken);
}
