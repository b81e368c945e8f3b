using System.Globalization;
using System.Security.Cryptography;

namespace Pbts.Local.Processes;

/// <summary>Ports of this machine.</summary>
public static class Ports
{
    private static readonly string[] Tables = ["/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"];

    private const int First = 20_000;

    private const int Last = 32_000;

    private static readonly HashSet<int> Given = [];

    /// <summary>Whether somebody listens there, by TCP or UDP, on whatever address.</summary>
    public static bool IsBusy(int port)
    {
        var wanted = $":{port:X4}";
        return Tables.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            // State 0A listens, by TCP; 07 is bound, by UDP.
            .Any(fields => fields.Length > 3 && fields[3] is "0A" or "07" && fields[1].EndsWith(wanted, StringComparison.Ordinal));
    }

    /// <summary>A free one below those that outgoing connections take, so that none of them takes it in between.</summary>
    public static int Free() => Free(1)[0];

    /// <summary>Some of the kind, none of which this process was given before while there are others.</summary>
    public static int[] Free(int count)
    {
        lock (Given)
        {
            var free = new int[count];
            for (var i = 0; i < count;)
            {
                var port = RandomNumberGenerator.GetInt32(First, Last);
                if (Given.Contains(port) || IsBusy(port))
                    continue;
                // Whoever took one long ago has come to listen there, or never will.
                if (Given.Count > (Last - First) / 2)
                    Given.Clear();
                Given.Add(free[i++] = port);
            }

            return free;
        }
    }

    public static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
