namespace Pbts.Protocol.Storage;

/// <summary>Reads files that a command is given: whole, and never more than such a file can be. A device has no end.</summary>
public static class BoundedFile
{
    /// <summary>Longest key file.</summary>
    public const int MaxKey = 64 << 10;

    /// <summary>Longest torrent or list of receipts.</summary>
    public const int MaxDocument = 64 << 20;

    /// <summary>The file's bytes.</summary>
    /// <exception cref="IOException">It cannot be read, or is longer than <paramref name="most"/>.</exception>
    public static byte[] Read(string path, int most)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        using var content = new MemoryStream();
        var buffer = new byte[64 << 10];
        int read;
        while ((read = file.Read(buffer)) > 0)
        {
            content.Write(buffer, 0, read);
            if (content.Length > most)
                throw new IOException($"{path}: longer than {most} bytes");
        }
        return content.ToArray();
    }
}
