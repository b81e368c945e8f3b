using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer.Exchange;

/// <summary>
/// How much each peer may take beyond what it has signed for. The window begins small and grows by every byte that good
/// receipts cover, so that an honest peer on a fast line never waits for a receipt that is being signed or checked, and
/// nobody takes more unpaid than it has paid for and the first window. Guarded by the session's lock.
/// </summary>
internal sealed class CreditBook(PeerOptions options, int pieceLength, TimeProvider clock)
{
    /// <summary>The widest a window grows beyond its beginning.</summary>
    public const long MaxEarned = 64 << 20;

    private const int MaxRemembered = 50_000;

    private readonly Dictionary<MemberKey, PeerCredit> _accounts = [];

    /// <summary>Told when a peer has used half its window: receipts that have arrived should be checked now.</summary>
    public Action? Pressed { get; set; }

    /// <summary>The account of a key, shared by all its connections.</summary>
    public PeerCredit Of(MemberKey key)
    {
        if (_accounts.TryGetValue(key, out var credit))
            return credit;
        if (_accounts.Count >= MaxRemembered)
            foreach (var (old, account) in _accounts.ToArray())
                if (account is { Unsigned: 0, IsDelinquent: false, IsDistrusted: false })
                    _accounts.Remove(old);
        return _accounts[key] = new PeerCredit();
    }

    /// <summary>Somebody who may still call again has not signed for what it got.</summary>
    public bool IsAnybodyOwing => _accounts.Values.Any(account => account is { IsDelinquent: false, IsDistrusted: false } and ({ Owed.Count: > 0 } or { SignsVouchers: true, Unsigned: > 0 }));

    /// <summary>Asked at the end of its credit, once.</summary>
    public static bool TakeReminder(PeerCredit credit)
    {
        if (!credit.SignsVouchers || credit.ExhaustedSince is null || credit.IsReminded)
            return false;
        return credit.IsReminded = true;
    }

    /// <summary>Bytes the account may have without receipt.</summary>
    public long Window(PeerCredit credit) => options.CreditWindow > 0
        ? options.CreditWindow
        : credit.SignsVouchers ? VoucherPolicy.Credit(credit.Proven, pieceLength)
        : Math.Max(8L * pieceLength, 2 << 20) + Math.Min(credit.Proven, MaxEarned);

    /// <summary>Whether the peer's credit allows a block.</summary>
    public bool MayTake(PeerConnection peer, BlockRequest request)
    {
        if (!peer.CanSign)
            return options.StrangerAllowance is not { } limit || peer.State.Credit.Given < limit;
        if (options.Identity is null)
            return true;
        var (after, window) = (peer.State.Credit.Unsigned + request.Length, Math.Max(Window(peer.State.Credit), request.Length));
        if (after > window / 2)
            Pressed?.Invoke();
        if (after <= window)
            return true;
        peer.State.Credit.ExhaustedSince ??= clock.GetTimestamp();
        return false;
    }

    /// <summary>Whether the peer has waited at the end of its credit for too long.</summary>
    public bool IsOutOfPatience(PeerCredit credit) =>
        !credit.IsDelinquent && credit.ExhaustedSince is { } since && clock.GetElapsedTime(since) > options.ReceiptPatience;

    /// <summary>Pieces to ask receipts for, once, when half the patience with a peer at the end of its credit is over.</summary>
    public int[] TakeReminders(PeerCredit credit)
    {
        // Half its time first: receipts on the way need no reminder.
        if (credit.ExhaustedSince is not { } since || credit.IsReminded || clock.GetElapsedTime(since) < options.ReceiptPatience / 2)
            return [];
        credit.IsReminded = true;
        return [.. credit.Owed.Take(16)];
    }
}
