namespace Pbts.Protocol.Ethereum;

/// <summary>Who is taken over by a root; its text in SQL and JSON is that of <see cref="EnumText"/>.</summary>
public enum MigrationClaims
{
    /// <summary>Whoever brings a proof, when that is.</summary>
    Lazy,

    /// <summary>Everybody, by a transaction each.</summary>
    All,
}
