using Npgsql;

namespace Pbts.Grains.Chain;

internal static class SqlParameters
{
    /// <summary>Adds positional parameters in order.</summary>
    public static void AddAll(this NpgsqlParameterCollection parameters, IEnumerable<NpgsqlParameter> values)
    {
        foreach (var value in values) parameters.Add(value);
    }
}
