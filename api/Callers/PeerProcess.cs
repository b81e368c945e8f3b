using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Pbts.Api.Callers;

/// <summary>Finds out whose socket the other end of a connection on this machine is.</summary>
internal static partial class PeerProcess
{
    private const string Root = "0";

    /// <summary>Whether that end belongs to a process of this process's user or of root. Where the kernel tells nobody (not Linux), the address has to do.</summary>
    /// <param name="peer">The other end.</param>
    /// <param name="here">This end.</param>
    public static bool IsOurs(IPEndPoint peer, IPEndPoint here)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        var ours = UserId().ToString(CultureInfo.InvariantCulture);
        // A client may reach an IPv4 address from an IPv6 socket.
        return IsOurs("/proc/self/net/tcp", Text(peer.Address.MapToIPv4(), peer.Port), Text(here.Address.MapToIPv4(), here.Port), ours)
            || IsOurs("/proc/self/net/tcp6", Text(peer.Address.MapToIPv6(), peer.Port), Text(here.Address.MapToIPv6(), here.Port), ours);
    }

    /// <summary>proc(5): number, the socket's address, its peer's, state, queues, timer, retransmits, user, timeout, inode.</summary>
    private static bool IsOurs(string table, string peer, string here, string user)
    {
        try
        {
            foreach (var line in File.ReadLines(table))
            {
                if (!line.Contains(peer, StringComparison.Ordinal))
                    continue;
                var columns = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                // A socket its process has closed has no inode, and user 0 whoever it was.
                if (columns.Length > 9 && columns[1] == peer && columns[2] == here && columns[9] != "0")
                    return columns[7] is Root || columns[7] == user;
            }
        }
        catch (IOException)
        {
            // No IPv6 here.
        }

        return false;
    }

    /// <summary>An endpoint as the kernel prints it: words of 32 bits in this machine's order.</summary>
    private static string Text(IPAddress address, int port)
    {
        var words = MemoryMarshal.Cast<byte, uint>(address.GetAddressBytes());
        var text = new System.Text.StringBuilder(40);
        foreach (var word in words)
            text.Append(word.ToString("X8", CultureInfo.InvariantCulture));
        return text.Append(CultureInfo.InvariantCulture, $":{port:X4}").ToString();
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint UserId();
}
