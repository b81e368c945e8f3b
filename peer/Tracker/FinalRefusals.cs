namespace Pbts.Peer.Tracker;

/// <summary>Tells refusals that stay what they are from those of a bad moment.</summary>
internal static class FinalRefusals
{
    // What trackers say of a wrong key, account or torrent: ours, opentracker, Ocelot, UNIT3D, Chihaya.
    private static readonly string[] Words =
    [
        "signature is", "signature does", "passkey", "unregistered", "not registered", "unknown torrent", "unknown user", "not found", "not exist", "not valid",
        "unauthorized", "not authorized", "forbidden", "not allowed", "banned", "disabled", "unapproved", "invalid info",
    ];

    /// <summary>Whether the reason is one that the same announce will be given again.</summary>
    public static bool IsFinal(string reason) => Words.Any(word => reason.Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether an HTTP status says that the request, and not the moment, is wrong.</summary>
    public static bool IsFinal(int status) => status is >= 400 and < 500 and not (408 or 425 or 429);
}
