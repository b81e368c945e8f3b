using Pbts.GrainInterfaces.Chain;
using Pbts.GrainInterfaces.Issuers;
using Pbts.GrainInterfaces.Users;
using Pbts.Grains.Database;
using Pbts.Grains.Issuers;
using Pbts.Grains.Settings;
using Pbts.Grains.Users;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Passports;
using Pbts.Protocol.Proofs;
using Pbts.Protocol.Receipts;

namespace Pbts.Grains.Passports;

internal sealed class PassportGrain(
    UserStore users, PassportIssuer issuer, IssuerStore issuers, ImportStore imports, SettingsStore settings, SignatureWorkers workers, DatabaseClock clock) : Grain, IPassportGrain
{
    private const long MaxClockDifference = 300;

    private string UserId => this.GetPrimaryKeyString();

    public async Task<PassportResult> IssueAsync(string? passkey, long time, byte[]? signature, bool withProof)
    {
        if (await FindAsync() is not { } user)
            return new(RegistrationStatus.UnknownUser);
        if (!user.Profile.Proven)
            return new(RegistrationStatus.Unproven);
        var now = (await clock.NowAsync()).ToUnixTimeSeconds();
        if (await RefuseAsync(user, now, passkey, time, signature) is { } refusal)
            return new(refusal);
        var passport = await issuer.IssueAsync(user, now, withProof ? await FindProofAsync() : null);
        return new(RegistrationStatus.Done, passport is null ? null : PassportJson.Write(passport));
    }

    public async Task<IReadOnlyList<ImportOutcome>> ImportAsync(IReadOnlyList<PassportOffer> offers)
    {
        if (await FindAsync() is not { Profile.Proven: true, Key: { } key } user)
            return [];
        var outcomes = new List<ImportOutcome>();
        foreach (var offer in offers.Take(PassportOffer.Most))
            outcomes.Add(await ImportAsync(user.Id, key, offer));
        return outcomes;
    }

    /// <summary>What costs least is looked at first: nobody has anything verified that would count nothing here anyway.</summary>
    private async Task<ImportOutcome> ImportAsync(long member, MemberKey key, PassportOffer offer)
    {
        var (passport, fault) = PassportJson.Read(offer.Passport);
        if (passport is null)
            return Refused(fault!.Step, fault.Message);
        if (passport.PublicKey != key)
            return Refused(PassportStep.SubjectKey, "its subject's key is not the member's: register with the key that the other tracker knows, or replace the key there first");
        var here = await settings.GetInstanceIdAsync();
        if (passport.Instance.ToString() == here)
            return Refused(PassportStep.Counted, "it is this tracker's own, and what it says is in the member's totals");
        var evidence = ImportEvidence.Of(passport);
        if (await issuers.FindAsync(evidence) is null)
            return Refused(PassportStep.Issuer, await issuers.WhyNobodyAsync(evidence));
        var now = (await clock.NowAsync()).ToUnixTimeSeconds();
        if (!await workers.TryRunAsync(VerificationTurn.Current with { Kind = VerificationKind.Prompt }, () => fault = Check(passport, here, now, offer.Signature)))
            return new(ImportStatus.Busy);
        return fault is not null ? Refused(fault.Step, fault.Message) : await imports.ImportAsync(member, evidence);
    }

    private static PassportFault? Check(Passport passport, string here, long now, byte[] signature) =>
        passport.Verify(now)
        ?? (ReceiptSignature.TryFrom(signature, out var signed) && PassportMessage.IsSigned(here, passport, signed) ? null
            : new(PassportStep.HolderSignature, "its subject has not signed it over to this tracker: the signature is another's, or for another tracker or passport"));

    /// <summary>Why the caller is not given a passport; null when it is the member.</summary>
    private async Task<RegistrationStatus?> RefuseAsync(UserRow user, long now, string? passkey, long time, byte[]? signature)
    {
        if (passkey is not null)
            return user.HasPasskey(passkey) ? null : RegistrationStatus.BadSignature;
        if (time < 0 || Math.Abs(now - (decimal)time) > MaxClockDifference)
            return RegistrationStatus.BadTime;
        if (signature is null || !ReceiptSignature.TryFrom(signature, out var signed) || user.Key is not { } key)
            return RegistrationStatus.BadSignature;
        var message = PassportRequestMessage.Build(await settings.GetInstanceIdAsync(), UserId, (ulong)time);
        var isSigned = false;
        if (!await workers.TryRunAsync(VerificationTurn.Current with { Kind = VerificationKind.Prompt }, () => isSigned = StatementVerifier.Verify([new(key, message, signed, Alone: true)])[0]))
            return RegistrationStatus.Busy;
        return isSigned ? null : RegistrationStatus.BadSignature;
    }

    /// <summary>What the contract has anchored of the member; null: nothing yet.</summary>
    private async Task<MemberProof?> FindProofAsync() =>
        (await GrainFactory.GetGrain<IProofGrain>(UserId).ProveAsync()).Value is { } proof ? MemberProofJson.Read(proof).Proof : null;

    private async Task<UserRow?> FindAsync()
    {
        var user = await users.FindAsync(UserId);
        if (user is null)
            DeactivateOnIdle();
        return user;
    }

    private static ImportOutcome Refused(PassportStep step, string reason) => new(ImportStatus.Refused, step, reason);
}
