using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Swarms;
using Pbts.GrainInterfaces.Users;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;
using Pbts.Protocol;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;

namespace Pbts.Api.Announce.Access;

/// <summary>
/// Who announces and whether they may: by passkey, by a signed announce, or, on an open tracker, nobody in particular.
/// A bare <c>user_id</c> proves nothing: it brings the named user's ratio gate upon the caller, but no transfer is
/// ascribed to that user.
/// </summary>
internal sealed class UserAccess(IUserDirectory users, SiteRules site, SignatureWorkers workers, VerificationBudget budget, IOptions<TrackerOptions> options, IOptions<RatioOptions> ratio, IOptions<MembersOptions> members) : IAnnounceAccess
{
    private const int PasskeyLength = 32;
    private const int RememberedSignatures = 50_000;

    private static readonly SearchValues<char> PasskeyCharacters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly TrackerOptions _options = options.Value;
    private readonly RatioBasis _basis = EnumText.Parse<RatioBasis>(ratio.Value.Basis);
    private readonly double _minTrust = ratio.Value.MinTrust;
    private readonly ConcurrentDictionary<string, bool> _goodSignatures = new();

    public ValueTask<AccessVerdict> CheckAsync(string? passkey, in AnnounceQuery query, IPAddress client, CancellationToken cancellationToken)
    {
        if (passkey is null && query.UserId is null)
            return ValueTask.FromResult(Anonymous());
        return passkey is not null ? CheckPasskeyAsync(passkey, query, client) : CheckUserIdAsync(query, client);
    }

    public async ValueTask<AccessVerdict> CheckScrapeAsync(string? passkey, IPAddress client, CancellationToken cancellationToken)
    {
        if (passkey is null)
            return Anonymous();
        var lookup = await FindPasskeyAsync(passkey, client);
        return lookup.Unavailable ? new(null, null, Busy: true)
            : lookup.User is { } user ? new(user.Profile.UserId, Disabled(user.Profile)) : new(null, "unknown passkey");
    }

    private AccessVerdict Anonymous() =>
        new(null, _options.Access == TrackerAccess.Registered ? "passkey is missing: this tracker is for registered users" : null);

    private ValueTask<AccessVerdict> CheckPasskeyAsync(string passkey, in AnnounceQuery query, IPAddress client)
    {
        var lookup = FindPasskeyAsync(passkey, client);
        return lookup.IsCompletedSuccessfully ? ValueTask.FromResult(Judge(lookup.Result, query)) : WaitAsync(lookup, query);

        async ValueTask<AccessVerdict> WaitAsync(ValueTask<UserLookup> lookup, AnnounceQuery query) => Judge(await lookup, query);
    }

    private AccessVerdict Judge(UserLookup lookup, in AnnounceQuery query) =>
        lookup.Unavailable ? new(null, null, Busy: true)
        : lookup.User is { } user ? Judge(user, query) : new(null, "unknown passkey");

    private AccessVerdict Judge(DirectoryEntry user, in AnnounceQuery query)
    {
        if ((Gate(user.Profile, query) ?? TrustGate(user, query)) is { } refusal)
            return new(user.Profile.UserId, refusal);
        var (download, upload) = site.FactorsFor(user, query.InfoHash);
        // What will pass is a warning: clients back off hard from an error.
        return WantsPeers(query) && site.RefuseSlot(user, query.InfoHash) is { } slot ? new(user.Profile.UserId, null, Busy: true, slot)
            : new(user.Profile.UserId, null, DownloadFactor: download, UploadFactor: upload);
    }

    /// <summary>To download from: a partial seed (BEP 21) wants none.</summary>
    private static bool WantsPeers(in AnnounceQuery query) => query.Left != 0 && query.Event is not (AnnounceEvent.Stopped or AnnounceEvent.Paused);

    private ValueTask<UserLookup> FindPasskeyAsync(string passkey, IPAddress client) =>
        passkey.Length == PasskeyLength && !passkey.AsSpan().ContainsAnyExcept(PasskeyCharacters)
            ? users.FindByPasskeyAsync(passkey, client) : ValueTask.FromResult(default(UserLookup));

    private async ValueTask<AccessVerdict> CheckUserIdAsync(AnnounceQuery query, IPAddress client)
    {
        var lookup = UserId.TryParse(query.UserId, out _) ? await users.FindByUserIdAsync(query.UserId!, client) : default;
        if (lookup.Unavailable)
            return new(null, null, Busy: true);
        if (query.Signature is null)
            return Anonymous() is { Refusal: null } open ? open with { Refusal = lookup.User is { } named ? Gate(named.Profile, query, isUser: false) : null } : Anonymous();
        if (lookup.User is not { } user)
            return new(null, "unknown user_id");
        return await IsSignedAsync(user.Profile, query, client) switch
        {
            true => Judge(user, query),
            false => new(null, "signature is invalid"),
            null => new(null, null, Busy: true),
        };
    }

    private static string? Disabled(UserProfile user) => user.Disabled is { } reason ? $"this account is disabled: {reason}" : null;

    /// <param name="isUser">Whether it is the user who asks, who may know why.</param>
    private string? Gate(UserProfile user, in AnnounceQuery query, bool isUser = true)
    {
        // Who leaves may always.
        if (query.Event != AnnounceEvent.Stopped && Disabled(user) is { } disabled)
            return isUser ? disabled : "this account is disabled";
        if (!WantsPeers(query))
            return null;
        if (user.MayNotDownload)
            return "this account may seed, not download";
        var (uploaded, downloaded) = TotalsOf(user);
        // Claims prove nothing anyway: there the reference's rule is all there is.
        var trust = _basis is RatioBasis.Claimed or RatioBasis.Credited ? 1 : members.Value.TrustOf(user.Origin, user.Trust);
        var limit = CreditLimit.Of(uploaded, trust, _options.MinRatio, _options.InitCredit);
        if (downloaded < limit)
            return null;
        var ratio = Ratio.Of(uploaded, downloaded);
        return ratio.Reaches(_options.MinRatio)
            ? string.Create(CultureInfo.InvariantCulture, $"Insufficient credit: owes {Mebibytes(downloaded - uploaded)} MiB, may owe {Mebibytes(limit - uploaded)} MiB")
            : string.Create(CultureInfo.InvariantCulture, $"Insufficient ratio: {ratio.Value:F2} < {_options.MinRatio:F2}");

        static long Mebibytes(long bytes) => bytes >> 20;
    }

    /// <summary>
    /// The score of a member that proved a key, once it has one and has downloaded more than everybody may. Nobody else is told: a bare
    /// name is never refused for it.
    /// </summary>
    private string? TrustGate(DirectoryEntry user, in AnnounceQuery query) =>
        user is { Profile.Proven: true, TrustScore: { } score } && score < _minTrust && WantsPeers(query) && TotalsOf(user.Profile).Downloaded >= _options.InitCredit
            // Rounded down: what is refused never looks like what is asked for.
            ? string.Create(CultureInfo.InvariantCulture, $"Insufficient trust: {Math.Floor(score * 100) / 100:F2} < {_minTrust:0.00##}") : null;

    private (long Uploaded, long Downloaded) TotalsOf(UserProfile user) => _basis switch
    {
        RatioBasis.Proven => (user.CountedUploaded, user.CountedDownloaded),
        RatioBasis.Claimed => (user.ClaimedUploaded, user.ClaimedDownloaded),
        RatioBasis.Credited => (user.CreditedUploaded, user.CreditedDownloaded),
        _ => (user.CountedUploaded, CreditLimit.Add(user.ClaimedDownloaded, user.BelievedDownloaded)),
    };

    /// <summary>Null when too many signatures wait. A good signature is remembered: clients repeat their announces.</summary>
    private async ValueTask<bool?> IsSignedAsync(UserProfile user, AnnounceQuery query, IPAddress address)
    {
        var bytes = new byte[ReceiptSignature.Length + 1];
        if (!user.Proven || !user.TryGetKey(out var memberKey)
            || !Convert.TryFromBase64String(query.Signature!, bytes, out var length) || !BlsSignature.TryParse(bytes.AsSpan(0, length), out var signature)
            || !BlsPublicKey.TryParse(memberKey.Span, out var key))
            return false;
        var message = AnnounceMessage.Build(user.UserId, query.InfoHash, EventText(query.Event));
        var seen = Convert.ToHexString(SHA256.HashData([.. memberKey.Span, .. message, .. bytes.AsSpan(0, length)]));
        if (_goodSignatures.ContainsKey(seen))
            return true;
        var valid = false;
        if (!budget.Allows(address, VerificationBudget.Single)
            || !await workers.TryRunAsync(new(RateLimiter.KeyOf(address), VerificationKind.Prompt), () => valid = Bls.Verify(key, message, signature)))
            return null;
        if (!valid)
        {
            budget.ChargeForged(address, 1);
            return false;
        }

        if (_goodSignatures.Count >= RememberedSignatures)
            _goodSignatures.Clear();
        return _goodSignatures[seen] = true;
    }

    private static string EventText(AnnounceEvent announced) => announced switch
    {
        AnnounceEvent.Started => "started",
        AnnounceEvent.Stopped => "stopped",
        AnnounceEvent.Completed => "completed",
        AnnounceEvent.Paused => "paused",
        _ => "",
    };
}
