using System.Security.Cryptography;
using Pbts.Peer;

namespace Pbts.Load;

/// <summary>A member made for a measurement.</summary>
/// <param name="UserId">Its name.</param>
/// <param name="Identity">Its key pair.</param>
/// <param name="Passkey">What registering answered; empty while it is not registered.</param>
public sealed record LoadMember(string UserId, MemberIdentity Identity, string Passkey = "")
{
    /// <summary>Names of one run differ from those of all others.</summary>
    private static readonly string Run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));

    private static int _last;

    /// <summary>A name nobody has.</summary>
    public static string NewName(string kind) => $"{kind}-{Run}-{Interlocked.Increment(ref _last)}";

    /// <summary>A new member, registered with proof of possession.</summary>
    /// <exception cref="LoadException">The tracker refused, or took no proof.</exception>
    public static async Task<LoadMember> RegisterAsync(TrackerClient tracker, string kind) =>
        await new LoadMember(NewName(kind), MemberIdentity.Generate()).RegisterAsync(tracker);

    /// <inheritdoc cref="RegisterAsync(TrackerClient, string)"/>
    public static async Task<LoadMember[]> RegisterManyAsync(TrackerClient tracker, int count, string kind)
    {
        var members = new LoadMember[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) => members[i] = await RegisterAsync(tracker, kind));
        return members;
    }

    /// <summary>The same, registered.</summary>
    /// <param name="tracker">Where.</param>
    /// <param name="attestation">Of the key, by the trusted machine it is from.</param>
    /// <exception cref="LoadException">The tracker refused, or took no proof.</exception>
    public async Task<LoadMember> RegisterAsync(TrackerClient tracker, byte[]? attestation = null)
    {
        var answer = await tracker.RegisterAsync(UserId, Identity, CancellationToken.None, attestation: attestation);
        if (answer is not { IsSuccess: true, Body: { } body })
            throw new LoadException($"registration: {answer.Error}");
        if (!body.GetProperty("proof_of_possession").GetBoolean() || (attestation is not null && !body.GetProperty("attested").GetBoolean()))
            throw new LoadException("the registration proved nothing");
        return this with { Passkey = answer.Text("passkey")! };
    }
}
