using System.Text;
using Pbts.Protocol.Receipts;

namespace Pbts.Protocol.Passports;

/// <summary>
/// The 104 bytes a passport's subject signs to use it at one tracker: ASCII <c>passport</c>, the new tracker's instance id as its
/// 64 hexadecimal characters, <see cref="Passport.Hash"/> (32). Receipts have 100 or 112 bytes, vouchers 204, and everything
/// else that members sign begins with another word.
/// </summary>
public static class PassportMessage
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 104;

    /// <summary>Builds the message.</summary>
    /// <param name="instanceId">The id of the tracker it is brought to, exactly as that gives it.</param>
    /// <param name="passport">What is brought.</param>
    public static byte[] Build(string instanceId, Passport passport)
    {
        ArgumentNullException.ThrowIfNull(instanceId);
        ArgumentNullException.ThrowIfNull(passport);
        if (instanceId.Length != RegistrationMessage.InstanceIdLength)
            throw new ArgumentException($"An instance id has {RegistrationMessage.InstanceIdLength} characters.", nameof(instanceId));
        return [.. "passport"u8, .. Encoding.ASCII.GetBytes(instanceId), .. passport.Hash];
    }

    /// <summary>Whether the subject has signed the passport over to a tracker.</summary>
    public static bool IsSigned(string instanceId, Passport passport, ReceiptSignature signature)
    {
        ArgumentNullException.ThrowIfNull(passport);
        return StatementVerifier.Verify([new(passport.PublicKey, Build(instanceId, passport), signature, Alone: true)])[0];
    }
}
