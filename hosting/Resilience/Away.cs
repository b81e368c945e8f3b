using Npgsql;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Pbts.Hosting.Resilience;

/// <summary>What went wrong because something else is not there just now: asking again later may help.</summary>
public static class Away
{
    /// <summary>Whether the cluster or the database is away.</summary>
    public static bool Is(Exception e) => IsCluster(e) || IsDatabase(e);

    /// <summary>Whether no silo could be reached, or none answered in time.</summary>
    public static bool IsCluster(Exception e) => e is OrleansException or TimeoutException or OperationCanceledException;

    /// <summary>Whether the database did not answer, here or, where Npgsql is not loaded, in the silo that was asked.</summary>
    public static bool IsDatabase(Exception e) =>
        e is NpgsqlException or TimeoutException || (e is UnavailableExceptionFallbackException fallback && fallback.ExceptionType?.StartsWith("Npgsql", StringComparison.Ordinal) == true);

    /// <summary>Whether the connection was broken and a new one may do: after a restart of the database all pooled ones are. One that did not answer in time is not asked again.</summary>
    public static bool IsBrokenConnection(Exception e) => e is NpgsqlException { IsTransient: true, InnerException: not TimeoutException };

    /// <summary>Whether the server had become read-only, so that nothing of the statement was carried out and another server may take it.</summary>
    public static bool IsReadOnly(NpgsqlException e) => e is PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction };

    /// <summary>What went wrong, for a log: of several servers, what is wrong with each.</summary>
    public static string Describe(Exception e) =>
        e.InnerException is AggregateException several ? string.Join("; ", several.InnerExceptions.Select(inner => inner.Message)) : e.Message;
}
