namespace Pbts.Api.Udp;

/// <summary>The options of BEP 41: each a type, a length and data, except 0 (end) and 1 (no operation), which are one byte.</summary>
internal static class UrlData
{
    private const byte End = 0;
    private const byte NoOperation = 1;
    private const byte UrlDataOption = 2;

    /// <summary>Puts the data of every URLData option together: path and query of the announce URL. Other options are skipped.</summary>
    /// <param name="url">At least as long as <paramref name="options"/>.</param>
    /// <returns>False when an option is cut off.</returns>
    public static bool TryRead(ReadOnlySpan<byte> options, Span<byte> url, out int length)
    {
        length = 0;
        while (options.Length > 0 && options[0] != End)
        {
            if (options[0] == NoOperation)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options.Length < 2 + options[1])
                return false;
            var data = options.Slice(2, options[1]);
            if (options[0] == UrlDataOption)
            {
                data.CopyTo(url[length..]);
                length += data.Length;
            }

            options = options[(2 + data.Length)..];
        }

        return true;
    }
}
