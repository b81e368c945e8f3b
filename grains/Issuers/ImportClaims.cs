using Npgsql;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Issuers;

/// <summary>For which member here a member of elsewhere counts: once, for ever. The primary key of <c>import_claims</c> decides.</summary>
internal static class ImportClaims
{
    public static string IssuerOf(EthereumAddress contract) => $"contract:{Convert.ToHexStringLower(contract.ToArray())}";

    /// <summary>
    /// Claims somebody by key and by name at all of these for a member, in the transaction. Two who want the same wait for each
    /// other here.
    /// </summary>
    /// <param name="inTotals">Whether what he has there goes into the member's totals.</param>
    /// <returns>Null; or why not: nothing may be kept then.</returns>
    public static async Task<string?> ClaimAsync(NpgsqlConnection connection, long member, string subject, byte[] key, IEnumerable<string> issuers, bool inTotals)
    {
        var names = issuers.ToArray();
        string[] subjects = [$"key:{Convert.ToHexStringLower(key)}", $"user:{subject}"];
        await connection.ExecuteAsync("""
            INSERT INTO import_claims (issuer, subject, member, in_totals)
            SELECT issuer, subject, $3, $4 FROM unnest($1::text[]) AS issuer, unnest($2::text[]) AS subject ORDER BY issuer, subject
            ON CONFLICT DO NOTHING
            """, names, subjects, member, inTotals);
        var others = await connection.QueryAsync("""
            SELECT member <> $3 FROM import_claims WHERE issuer = ANY($1) AND subject = ANY($2) AND (member <> $3 OR in_totals <> $4) ORDER BY 1 DESC LIMIT 1
            """, row => row.GetBoolean(0), names, subjects, member, inTotals);
        return others switch
        {
            [true] => "it counts for another member here, for ever",
            [false] when inTotals => "a passport of the same issuer counts already",
            [false] => "what it says is in the member's totals already: it came with the contract's referrers",
            _ => null,
        };
    }
}
