namespace Pbts.Api.Announce;

/// <summary>
/// Walks the parameters of a raw query (the bytes behind <c>?</c>): split at <c>&amp;</c> alone, nothing decoded.
/// </summary>
internal ref struct QueryReader(ReadOnlySpan<byte> query)
{
    private ReadOnlySpan<byte> _rest = query;

    /// <summary>Moves to the next parameter that has a name.</summary>
    public bool TryRead(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (_rest.Length > 0)
        {
            var end = _rest.IndexOf((byte)'&');
            var pair = end < 0 ? _rest : _rest[..end];
            _rest = end < 0 ? [] : _rest[(end + 1)..];
            var equals = pair.IndexOf((byte)'=');
            name = equals < 0 ? pair : pair[..equals];
            value = equals < 0 ? [] : pair[(equals + 1)..];
            if (name.Length > 0)
                return true;
        }

        name = value = default;
        return false;
    }
}
