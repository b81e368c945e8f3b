using System.Security.Cryptography;
using System.Text;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Dstack;

namespace Pbts.Experiments.Parts;

/// <summary>A member whose key comes from the trusted machine, and who attests it when it registers.</summary>
internal static class TrustedMember
{
    /// <summary>Derives a key, has it quoted, and registers with both.</summary>
    /// <exception cref="ExperimentException">The agent gave nothing, or the tracker is not there.</exception>
    /// <exception cref="LoadException">The tracker refused it.</exception>
    public static async Task RegisterAsync(TrackerClient tracker, DstackClient agent)
    {
        var userId = LoadMember.NewName("trusted");
        var instance = await tracker.FindInstanceAsync(CancellationToken.None) ?? throw new ExperimentException("the tracker does not tell its instance id");
        var identity = await DeriveAsync(agent, userId);
        var claims = new AttestationClaims
        {
            Purpose = AttestationPurpose.Registration, PublicKey = identity.PublicKey.Span.ToArray(), InstanceId = instance.ToArray(),
            Nonce = RandomNumberGenerator.GetBytes(AttestationClaims.NonceSize), Time = DateTimeOffset.UtcNow.ToUnixTimeSeconds(), Payload = Encoding.UTF8.GetBytes(userId),
        };
        var quote = Got(await agent.GetQuoteAsync(claims.ReportData(), CancellationToken.None));
        await new LoadMember(userId, identity).RegisterAsync(tracker, new AttestationDocument(claims, quote).ToBytes());
    }

    /// <summary>The key of that name.</summary>
    public static async Task<MemberIdentity> DeriveAsync(DstackClient agent, string salt)
    {
        var path = TeeKeys.PathOf(salt);
        using var key = TeeKeys.Bls(Got(await agent.GetKeyAsync(path, "signature", CancellationToken.None)), path);
        var secret = new byte[BlsSecretKey.Size];
        key.CopyTo(secret);
        return MemberIdentity.TryFrom(secret, out var identity) ? identity : throw new ExperimentException("the derived key is none");
    }

    /// <exception cref="ExperimentException">There is no answer.</exception>
    public static T Got<T>(Outcome<T> result) => result.TryGet(out var value, out var problem) ? value : throw new ExperimentException(problem.Text);
}
