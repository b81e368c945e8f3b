using System.Security.Cryptography;
using Pbts.Cli.Keys;
using Pbts.Cli.Tracker;

namespace Pbts.Bench;

/// <summary>Registers members and prints a passkey a line, for announces that are checked.</summary>
internal static class Members
{
    public static async Task<int> RunAsync(Arguments arguments)
    {
        using var client = new TrackerClient(arguments.Text("--url", TrackerClient.DefaultUrl));
        var tag = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        for (var i = 0; i < arguments.Number("--count", 100); i++)
        {
            using var member = MemberIdentity.Generate();
            var answer = await client.RegisterAsync($"bench-{tag}-{i}", member, CancellationToken.None);
            if (!answer.IsSuccess)
            {
                await Console.Error.WriteLineAsync($"registration: {answer.Error}");
                return 1;
            }

            Console.WriteLine(answer.Body!.Value.GetProperty("passkey").GetString());
        }

        return 0;
    }
}
