using System.Security.Cryptography;
using Pbts.Peer;
using Pbts.Protocol.Receipts;

namespace Pbts.Experiments.Tracker;

/// <summary>A registered member.</summary>
internal sealed record Reporter(string UserId, MemberIdentity Identity)
{
    /// <summary>Names of one run differ from those of all others.</summary>
    private static readonly string Run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    private static int _last;

    /// <summary>A name nobody has.</summary>
    public static string NewName(string kind) => $"{kind}-{Run}-{Interlocked.Increment(ref _last)}";

    /// <summary>A new member with a new key, registered with proof of possession.</summary>
    public static async Task<Reporter> RegisterAsync(TrackerApi api, string instanceId, string kind)
    {
        var reporter = new Reporter(NewName(kind), MemberIdentity.Generate());
        await reporter.RegisterAsync(api, instanceId);
        return reporter;
    }

    public static async Task<Reporter[]> RegisterManyAsync(TrackerApi api, int count, string kind)
    {
        var instance = (await api.GetAsync("health")).GetProperty("instance_id").GetString()!;
        var members = new Reporter[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) => members[i] = await RegisterAsync(api, instance, kind));
        return members;
    }

    public async Task RegisterAsync(TrackerApi api, string instanceId, byte[]? attestation = null)
    {
        var answer = await api.PostAsync("register", new
        {
            user_id = UserId,
            public_key = Convert.ToBase64String(Identity.PublicKey.Span),
            signature = Convert.ToBase64String(Identity.Sign(RegistrationMessage.Build(instanceId, UserId)).Span),
            attestation = attestation is null ? null : Convert.ToBase64String(attestation),
        });
        if (!answer.GetProperty("proof_of_possession").GetBoolean() || (attestation is not null && !answer.GetProperty("attested").GetBoolean()))
            throw new ExperimentException("the registration proved nothing");
    }
}
