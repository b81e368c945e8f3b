namespace Pbts.Api.Udp;

/// <summary>The options of BEP 41: each a type, a length and data, except 0 (end) and 1 (no operation), which are one byte.</summary>
internal static class UrlData
{
    private const byte End = 0;
    private const byte NoOperation = 1;
    private const byte UrlDataOption = 2;

    /// <summary>Puts the data of every URLData option together: path and query of the announce URL. Other options are skipped; of one that is cut off counts what is there.</summary>
    /// <param name="url">At least as long as <paramref name="options"/>.</param>
    /// <returns>The length of the URL's data.</returns>
    public static int Read(ReadOnlySpan<byte> options, Span<byte> url)
    {
        var length = 0;
        while (options.Length > 0 && options[0] != End)
        {
            if (options[0] == NoOperation)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2)
                break;
            var data = options.Slice(2, Math.Min(options[1], options.Length - 2));
            if (options[0] == UrlDataOption)
            {
                data.CopyTo(url[length..]);
                length += data.Length;
            }

            options = options[(2 + data.Length)..];
        }

        return length;
    }
}
