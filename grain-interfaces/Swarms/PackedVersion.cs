namespace Pbts.GrainInterfaces.Swarms;

/// <summary>
/// How packed messages say which version they are: by its negative before the number of records, which is where the first
/// version, without one, had that number.
/// </summary>
internal static class PackedVersion
{
    public static int ReadCount(BinaryReader reader, int newest) => ReadCount(reader, newest, out _);

    /// <param name="version">The version, from 1.</param>
    public static int ReadCount(BinaryReader reader, int newest, out int version)
    {
        var first = reader.ReadInt32();
        version = first >= 0 ? 1 : -first;
        var count = first >= 0 ? first : first >= -newest ? reader.ReadInt32()
            : throw new NotSupportedException($"Messages of version {version} are not known here.");
        // Each has some bytes, so no number makes room for more than came.
        return count <= reader.BaseStream.Length ? count : throw new InvalidDataException($"{count} records in {reader.BaseStream.Length} bytes.");
    }
}
