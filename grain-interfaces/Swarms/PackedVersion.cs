namespace Pbts.GrainInterfaces.Swarms;

/// <summary>
/// How packed messages say which version they are: by its negative before the number of records, which is where the first
/// version, without one, had that number.
/// </summary>
internal static class PackedVersion
{
    public static int ReadCount(BinaryReader reader, int newest)
    {
        var version = reader.ReadInt32();
        return version >= 0 ? version : version == -newest ? reader.ReadInt32()
            : throw new NotSupportedException($"Messages of version {-version} are not known here.");
    }
}
