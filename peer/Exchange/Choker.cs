namespace Pbts.Peer.Exchange;

/// <summary>Decides whom to serve: those who give pieces or sign receipts first, and one more by chance so that newcomers can begin.</summary>
internal static class Choker
{
    /// <summary>The peers to unchoke.</summary>
    /// <param name="peers">All connections.</param>
    /// <param name="slots">How many.</param>
    /// <param name="strangerAllowance">Bytes for peers that cannot sign; <c>null</c> is no limit.</param>
    /// <param name="random">Chooses the newcomer.</param>
    public static HashSet<PeerConnection> Choose(IEnumerable<PeerConnection> peers, int slots, long? strangerAllowance, Random random)
    {
        var wanting = peers.Where(p => p.State.IsInterested && MayBeServed(p, strangerAllowance)).ToList();
        if (wanting.Count <= slots)
            return [.. wanting];
        var chosen = wanting.OrderByDescending(p => p.State.ReceivedThisRound + p.State.Credit.SignedThisRound).Take(Math.Max(slots - 1, 1)).ToHashSet();
        var others = wanting.Where(p => !chosen.Contains(p)).ToArray();
        if (chosen.Count < slots)
            chosen.Add(others[random.Next(others.Length)]);
        return chosen;
    }

    public static bool MayBeServed(PeerConnection peer, long? strangerAllowance) =>
        !peer.State.Credit.IsDelinquent && !peer.State.Credit.IsDistrusted && (peer.CanSign || strangerAllowance is not { } limit || peer.State.Credit.Given < limit);
}
