using Npgsql;
using Pbts.GrainInterfaces.Issuers;
using Pbts.Grains.Database;
using Pbts.Protocol.Ethereum;

namespace Pbts.Grains.Issuers;

/// <summary>One row of <c>issuers</c>.</summary>
internal sealed record IssuerRow(
    long Id, string Name, EthereumAddress Signer, EthereumAddress? Contract, long? ChainId, string? Instance, int Weight, long? Cap, int LeastAge, DateTimeOffset? ValidFrom, DateTimeOffset? ValidUntil)
{
    public const string Columns = "id, name, signer, contract, chain_id, instance, weight, cap, least_age, valid_from, valid_until";

    /// <summary>
    /// Who vouches for evidence of signer $1 (null: a contract's record), contract $2, chain $3 and instance $4 (null: any), the best
    /// first; as in <c>believed_imports</c>.
    /// </summary>
    public const string Vouching = """
        (instance IS NULL OR $4::text IS NULL OR instance = $4)
        AND (contract IS NULL OR (contract = $2::bytea AND chain_id = $3::bigint))
        AND CASE WHEN $1::bytea IS NULL THEN contract IS NOT NULL ELSE signer = $1 END
        ORDER BY instance IS NULL, contract IS NULL, id LIMIT 1
        """;

    public static IssuerRow Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.Address(2), row.MaybeAddress(3), row.Maybe<long?>(4), row.Maybe<string>(5), row.GetInt16(6),
        row.Maybe<long?>(7), row.GetInt32(8), row.Maybe<DateTimeOffset?>(9), row.Maybe<DateTimeOffset?>(10));

    public Issuer ToIssuer(long imports) => new()
    {
        Name = Name, Address = Signer.ToString(), Contract = Contract?.ToString(), ChainId = ChainId, Instance = Instance, Weight = Weight, Cap = Cap, LeastAge = LeastAge, ValidFrom = ValidFrom,
        ValidUntil = ValidUntil, Imports = imports,
    };
}
