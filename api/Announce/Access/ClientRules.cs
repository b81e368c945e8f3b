using System.Text;
using Pbts.GrainInterfaces.Policy;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Api.Announce.Access;

/// <summary>Which clients may announce, by the first bytes of their peer ids. Replaced as a whole when the rules change.</summary>
internal sealed class ClientRules
{
    private volatile Rules _rules = new([]);

    /// <summary>Takes other rules.</summary>
    public void Replace(IReadOnlyList<ClientRule> rules) => _rules = new(rules);

    /// <summary>Why a client may not announce; null when it may.</summary>
    public string? Refuse(PeerId peerId) => _rules.Refuse(peerId);

    /// <summary>Prefixes by length, so that a peer id is looked up once a length and not once a rule.</summary>
    private sealed class Rules
    {
        private readonly (int Length, Dictionary<PeerId, string?> Prefixes)[] _refused;
        private readonly (int Length, Dictionary<PeerId, string?> Prefixes)[] _allowed;

        public Rules(IReadOnlyList<ClientRule> rules)
        {
            _refused = ByLength(rules.Where(rule => !rule.Allowed));
            _allowed = ByLength(rules.Where(rule => rule.Allowed));
        }

        public string? Refuse(PeerId peerId)
        {
            if (_refused.Length == 0 && _allowed.Length == 0)
                return null;
            Span<byte> bytes = stackalloc byte[PeerId.Length];
            peerId.Write(bytes);
            if (TryFind(_refused, bytes, out var reason))
                return $"client {Name(bytes)} is not allowed here{(reason is null ? "" : $": {reason}")}";
            return _allowed.Length == 0 || TryFind(_allowed, bytes, out _) ? null : $"client {Name(bytes)} is not one of those allowed here";
        }

        private static (int, Dictionary<PeerId, string?>)[] ByLength(IEnumerable<ClientRule> rules) =>
            [.. rules.GroupBy(rule => rule.Prefix.Length).Select(length => (length.Key, length.ToDictionary(rule => Padded(rule.Prefix), rule => rule.Reason)))];

        private static bool TryFind((int Length, Dictionary<PeerId, string?> Prefixes)[] rules, ReadOnlySpan<byte> bytes, out string? reason)
        {
            reason = null;
            foreach (var (length, prefixes) in rules)
            {
                if (prefixes.TryGetValue(Padded(bytes[..length]), out reason))
                    return true;
            }

            return false;
        }

        private static PeerId Padded(ReadOnlySpan<byte> prefix)
        {
            Span<byte> bytes = stackalloc byte[PeerId.Length];
            bytes.Clear();
            prefix.CopyTo(bytes);
            return PeerId.Read(bytes);
        }

        /// <summary>The part of a peer id that names a client, as far as it can be printed.</summary>
        private static string Name(ReadOnlySpan<byte> peerId)
        {
            var name = Encoding.Latin1.GetString(peerId[..8]);
            return name.All(c => c is > ' ' and <= '~') ? name : Convert.ToHexStringLower(peerId[..8]);
        }
    }
}
