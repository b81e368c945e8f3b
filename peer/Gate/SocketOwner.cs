using System.Globalization;
using System.Net;

namespace Pbts.Peer.Gate;

/// <summary>Which user of this machine is at the other end of a loopback connection, from <c>/proc/net/tcp</c> (proc(5)).</summary>
internal static class SocketOwner
{
    private const int Local = 1;
    private const int Remote = 2;
    private const int User = 7;

    /// <summary>The user id of whoever has the other end; <c>null</c> where it cannot be told.</summary>
    /// <param name="theirs">The other end's address and port.</param>
    /// <param name="ours">Ours.</param>
    public static int? Of(IPEndPoint theirs, IPEndPoint ours)
    {
        // A program that listens on both families speaks IPv4 through an IPv6 socket.
        foreach (var (file, isMapped) in new[] { ("/proc/net/tcp", false), ("/proc/net/tcp6", true) })
        {
            if (!File.Exists(file))
                continue;
            var (local, remote) = (Hex(theirs, isMapped), Hex(ours, isMapped));
            foreach (var line in File.ReadLines(file).Skip(1))
            {
                var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (fields.Length > User && fields[Local] == local && fields[Remote] == remote && int.TryParse(fields[User], NumberStyles.None, CultureInfo.InvariantCulture, out var user))
                    return user;
            }
        }

        return null;
    }

    /// <summary>An address as the file writes it: words of the machine's own byte order.</summary>
    private static string Hex(IPEndPoint endPoint, bool isMapped)
    {
        var address = (isMapped ? endPoint.Address.MapToIPv6() : endPoint.Address.MapToIPv4()).GetAddressBytes();
        var words = address.Chunk(4).Select(word => BitConverter.ToUInt32(word).ToString("X8", CultureInfo.InvariantCulture));
        return $"{string.Concat(words)}:{endPoint.Port:X4}";
    }
}
