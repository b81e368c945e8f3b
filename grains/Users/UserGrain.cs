using System.Diagnostics;
using System.Security.Cryptography;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Grains.Issuers;
using Pbts.Grains.Settings;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Users;

/// <summary>
/// One user. Everything is in the users table and read from it, so an answer is right whatever other silos did.
/// </summary>
internal sealed class UserGrain(UserStore users, Admissions admissions, ImportStore imports, SettingsStore settings, SignatureWorkers workers, DatabaseClock clock) : Grain, IUserGrain
{
    private static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(5);

    /// <summary>How old the number of vouchers may be: counting them takes as long as there are many.</summary>
    private static readonly TimeSpan CountLifetime = TimeSpan.FromSeconds(5);

    private long _vouchers;
    private long? _counted;

    private string UserId => this.GetPrimaryKeyString();

    public async Task<UserProfile?> GetAsync()
    {
        if (await FindAsync() is not { } user)
            return null;
        if (_counted is null || Stopwatch.GetElapsedTime(_counted.Value) > CountLifetime)
        {
            _vouchers = await users.CountVouchersAsync(user.Id);
            _counted = Stopwatch.GetTimestamp();
        }

        return user.Profile with { Vouchers = _vouchers, Imports = await imports.ReadAsync(user.Id) };
    }

    public async Task<bool> HasPasskeyAsync(string passkey) => await FindAsync() is { } user && user.HasPasskey(passkey);

    public async Task<RegistrationResult> RegisterAsync(string publicKey, byte[]? signature, Admission? admission)
    {
        // Before anything is verified for a stranger.
        if (admissions.Refuse(admission) is { } closed && await users.FindAsync(UserId) is null)
            return new(closed);
        var verify = (await settings.GetAsync()).VerifySignatures;
        var key = ReadKey(publicKey);
        if (verify)
        {
            var message = RegistrationMessage.Build(await settings.GetInstanceIdAsync(), UserId);
            if (await CheckAsync(() => CheckKey(key, message, signature)) is { } refused)
                return new(refused);
        }

        // Who came without a key proves to be itself by the passkey, which stays: its torrents go on.
        if (admission?.Passkey is { } passkey && verify && signature is not null && await users.FindAsync(UserId) is { Key: null, Profile: { Proven: false, PublicKey: "" } } member
            && member.HasPasskey(passkey))
            return await users.BindAsync(UserId, publicKey, key!.Value, passkey);
        return await users.RegisterAsync(
            UserId, publicKey, key, verify && signature is not null, NewPasskey(), connection => admissions.AdmitAsync(connection, UserId, admission));
    }

    public async Task<RegistrationResult> RotateKeyAsync(KeyRotation rotation)
    {
        if (await FindAsync() is not { } user)
            return new(RegistrationStatus.UnknownUser);
        if (!user.Profile.Proven || user.Key is not { } oldKey)
            return new(RegistrationStatus.Unproven);
        if (!await IsAboutNowAsync(rotation.Timestamp))
            return new(RegistrationStatus.BadTime);
        if (ReadKey(rotation.NewPublicKey) is not { } newKey)
            return new(RegistrationStatus.BadKey);

        var instance = await settings.GetInstanceIdAsync();
        var byOld = RotationMessage.Build(instance, UserId, newKey, (ulong)rotation.Timestamp);
        var byNew = RegistrationMessage.Build(instance, UserId);
        if (await CheckAsync(() => CheckKey(newKey, byNew, rotation.NewSignature) ?? CheckKey(oldKey, byOld, rotation.OldSignature)) is { } refused)
            return new(refused);

        return await users.RotateAsync(UserId, oldKey, rotation.NewPublicKey, newKey, NewPasskey());
    }

    public async Task<UserProfile?> ChangeAsync(MemberChange change) => (await users.ChangeAsync(UserId, change))?.Profile;

    public async Task<MemberCredit?> GetCreditAsync() => await FindAsync() is { } user ? await users.ReadCreditAsync(user.Id) : null;

    public async Task<RegistrationStatus> HasSignedAsync(long time, byte[] signature)
    {
        if (await FindAsync() is not { } user)
            return RegistrationStatus.UnknownUser;
        if (!user.Profile.Proven)
            return RegistrationStatus.Unproven;
        if (!await IsAboutNowAsync(time))
            return RegistrationStatus.BadTime;
        var message = EvidenceRequestMessage.Build(await settings.GetInstanceIdAsync(), UserId, (ulong)time);
        return await CheckAsync(() => CheckKey(user.Key, message, signature)) ?? RegistrationStatus.Done;
    }

    public async Task<bool> CreditUnverifiedAsync(long uploaded, long downloaded)
    {
        if ((await settings.GetAsync()).VerifySignatures)
            return false;
        await users.CreditAsync(UserId, uploaded, downloaded);
        return true;
    }

    public async Task<IReadOnlyList<SpentReceipt>> GetReceiptsAsync(ReceiptCursor? before, int count) =>
        await FindAsync() is { } user ? await users.ReadReceiptsAsync(user.Id, before, count) : [];

    private async Task<UserRow?> FindAsync()
    {
        var user = await users.FindAsync(UserId);
        if (user is null)
            DeactivateOnIdle();
        return user;
    }

    private async Task<bool> IsAboutNowAsync(long time) =>
        Math.Abs((await clock.NowAsync()).ToUnixTimeSeconds() - (decimal)time) <= (decimal)MaxClockDifference.TotalSeconds;

    private async Task<RegistrationStatus?> CheckAsync(Func<RegistrationStatus?> check)
    {
        RegistrationStatus? refused = null;
        var turn = VerificationTurn.Current with { Kind = VerificationKind.Prompt };
        return await workers.TryRunAsync(turn, () => refused = check()) ? refused : RegistrationStatus.Busy;
    }

    private static string NewPasskey() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    private static MemberKey? ReadKey(string publicKey)
    {
        Span<byte> bytes = stackalloc byte[MemberKey.Length + 1];
        return Convert.TryFromBase64String(publicKey, bytes, out var length) && MemberKey.TryFrom(bytes[..length], out var key) ? key : null;
    }

    /// <summary>Null when the key is a point and the signature, if there is one, is its over the message.</summary>
    private static RegistrationStatus? CheckKey(MemberKey? key, byte[] message, byte[]? signature)
    {
        if (key is null || !BlsPublicKey.TryParse(key.Value.Span, out var bytes) || !bytes.TryValidate(out var point))
            return RegistrationStatus.BadKey;
        if (signature is null)
            return null;
        return BlsSignature.TryParse(signature, out var signed) && Bls.Verify(point, message, signed) ? null : RegistrationStatus.BadSignature;
    }
}
