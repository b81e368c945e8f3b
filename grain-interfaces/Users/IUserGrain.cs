using Orleans.Concurrency;

namespace Pbts.GrainInterfaces.Users;

/// <summary>One user. The key is the user id.</summary>
[Alias("pbts.IUserGrain")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>The user as committed at this moment; null when not registered.</summary>
    [Alias("Get"), ResponseTimeout("00:00:05")]
    Task<UserProfile?> GetAsync();

    /// <summary>
    /// Registers the user, or upgrades an unproven one. With a signature over
    /// <see cref="Protocol.Receipts.RegistrationMessage"/> possession of the key is proven. Anybody may ask for it, so its
    /// waiting for a verifier holds up no other call.
    /// </summary>
    /// <param name="publicKey">The text to keep; base64 of 48 bytes unless signatures are not verified.</param>
    /// <param name="signature">96 bytes, or null.</param>
    /// <param name="admission">What lets a new user in where not everybody may become a member; null: nothing.</param>
    [Alias("Register"), AlwaysInterleave]
    Task<RegistrationResult> RegisterAsync(string publicKey, byte[]? signature, Admission? admission);

    /// <summary>Replaces the key and the passkey. The old key signs <see cref="Protocol.Receipts.RotationMessage"/>, the new one the registration.</summary>
    [Alias("RotateKey"), AlwaysInterleave]
    Task<RegistrationResult> RotateKeyAsync(KeyRotation rotation);

    /// <summary>Whether the passkey is this user's. Constant time.</summary>
    [Alias("HasPasskey"), ResponseTimeout("00:00:05")]
    Task<bool> HasPasskeyAsync(string passkey);

    /// <summary>Sets what is the operator's to set; the user as it is then, null when not registered.</summary>
    [Alias("Change"), ResponseTimeout("00:00:10")]
    Task<UserProfile?> ChangeAsync(MemberChange change);

    /// <summary>What stands behind the user's totals; null when not registered.</summary>
    [Alias("GetCredit"), ResponseTimeout("00:00:10")]
    Task<MemberCredit?> GetCreditAsync();

    /// <summary>Whether the user's key has signed <see cref="Protocol.Evidence.EvidenceRequestMessage"/> of about now.</summary>
    /// <param name="time">Unix seconds that were signed.</param>
    /// <param name="signature">96 bytes.</param>
    [Alias("HasSigned"), AlwaysInterleave]
    Task<RegistrationStatus> HasSignedAsync(long time, byte[] signature);

    /// <summary>Adds unverified transfer; does nothing and says false while signatures are verified.</summary>
    [Alias("CreditUnverified")]
    Task<bool> CreditUnverifiedAsync(long uploaded, long downloaded);

    /// <summary>The user's spent receipts, newest first.</summary>
    /// <param name="before">Continue after this entry; null for the newest.</param>
    /// <param name="count">1 to 1,000.</param>
    [Alias("GetReceipts")]
    Task<IReadOnlyList<SpentReceipt>> GetReceiptsAsync(ReceiptCursor? before, int count);
}
