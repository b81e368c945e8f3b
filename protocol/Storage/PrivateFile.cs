namespace Pbts.Protocol.Storage;

/// <summary>Files that say who got what from whom, or worse: their owner's only.</summary>
public static class PrivateFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Opens a file for reading and writing, unbuffered, for this process alone; one that others may look into is narrowed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Whether it is created.</param>
    /// <exception cref="IOException">It cannot be opened, or another process has it open.</exception>
    public static FileStream Open(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Owner;
        var file = new FileStream(path, options);
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & ~Owner) != 0)
            File.SetUnixFileMode(file.SafeFileHandle, Owner);
        return file;
    }

    /// <summary>Creates a folder that nobody else may look into, unless it is there.</summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, Owner | UnixFileMode.UserExecute);
    }
}
