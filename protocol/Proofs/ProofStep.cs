namespace Pbts.Protocol.Proofs;

/// <summary>What of a proof does not hold, in the order it is checked; the text is that of <see cref="EnumText"/>.</summary>
public enum ProofStep
{
    /// <summary>The document is none, or a field is missing or not in its one form.</summary>
    Format,

    /// <summary>The path is not that of this index in a tree of so many members.</summary>
    Path,

    /// <summary>Sums do not fit into 64 bits.</summary>
    Sums,

    /// <summary>Name, key, salt, totals and path do not lead to the root.</summary>
    Root,

    /// <summary>The leaves do not add up to the totals of all members.</summary>
    Totals,

    /// <summary>The node is on another chain.</summary>
    Chain,

    /// <summary>The transaction is not there, failed, or is in another block.</summary>
    Transaction,

    /// <summary>The contract anchored something else in it.</summary>
    Anchor,
}
