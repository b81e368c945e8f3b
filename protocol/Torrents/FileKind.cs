using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Pbts.Protocol.Torrents;

/// <summary>Tells files from devices, pipes and sockets, which have no end or none that is known, without opening them: opening a pipe waits.</summary>
internal static partial class FileKind
{
    private const int CurrentFolder = -100;  // AT_FDCWD
    private const uint TypeWanted = 1;       // STATX_TYPE
    private const int ResultLength = 256;
    private const int ModeAt = 28;
    private const int TypeMask = 0xF000;     // S_IFMT
    private const int Regular = 0x8000;      // S_IFREG

    /// <summary>Whether the path, links followed, is a regular file. What cannot be looked at is for the opening to refuse.</summary>
    public static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        // statx(2), because its result looks the same on every architecture.
        Span<byte> result = stackalloc byte[ResultLength];
        return Statx(CurrentFolder, path, 0, TypeWanted, result) != 0
            || ((BitConverter.IsLittleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(result[ModeAt..]) : BinaryPrimitives.ReadUInt16BigEndian(result[ModeAt..])) & TypeMask) == Regular;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, Span<byte> result);
}
