namespace Pbts.Protocol.Receipts;

/// <summary>What somebody is said to have signed.</summary>
/// <param name="Signer">Whose key it is said to be signed with.</param>
/// <param name="Message">The bytes.</param>
/// <param name="Signature">The signature.</param>
/// <param name="Alone">Whether it must be verified by itself: a tracker asks for it while the signer has not proved to hold the key's secret.</param>
public readonly record struct SignedStatement(MemberKey Signer, byte[] Message, ReceiptSignature Signature, bool Alone = false);
