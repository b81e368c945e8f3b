using System.Security.Cryptography;
using Pbts.Local;
using Pbts.Peer;

namespace Pbts.Bench;

/// <summary>Members, for announces that are checked.</summary>
internal static class Members
{
    /// <summary>Registers some and gives their passkeys.</summary>
    public static async Task<IReadOnlyList<string>> RegisterAsync(string url, int count)
    {
        using var client = new TrackerClient(url);
        var tag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var passkeys = new List<string>();
        for (var i = 0; i < count; i++)
        {
            using var member = MemberIdentity.Generate();
            var answer = await client.RegisterAsync($"bench-{tag}-{i}", member, CancellationToken.None);
            if (!answer.IsSuccess)
                throw new LocalException($"registration: {answer.Error}");
            passkeys.Add(answer.Body!.Value.GetProperty("passkey").GetString()!);
        }

        return passkeys;
    }
}
