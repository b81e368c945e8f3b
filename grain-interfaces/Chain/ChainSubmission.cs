using Pbts.Protocol;
using Pbts.Protocol.Ethereum;

namespace Pbts.GrainInterfaces.Chain;

/// <summary>
/// A transaction somebody wants sent. Submitting the same <paramref name="Id"/> again changes nothing. Kind and address
/// travel as texts, because during a rolling upgrade silos of the version before read and write them so.
/// </summary>
/// <param name="Id">Chosen by the caller, so that a retry after a crash is recognised.</param>
/// <param name="Kind">What it is for, the text of a <see cref="TransactionKind"/>.</param>
/// <param name="Subject">Whom it concerns; shown to operators.</param>
/// <param name="To">The contract's address; null creates one.</param>
/// <param name="Data">Call data or init code.</param>
/// <param name="Group">The migration it belongs to, if any.</param>
[GenerateSerializer, Immutable, Alias("pbts.ChainSubmission")]
public sealed record ChainSubmission(
    [property: Id(0)] Guid Id,
    [property: Id(1)] string Kind,
    [property: Id(2)] string Subject,
    [property: Id(3)] string? To,
    [property: Id(4)] byte[] Data,
    [property: Id(5)] Guid? Group = null)
{
    /// <summary>A call of a contract.</summary>
    public ChainSubmission(Guid id, TransactionKind kind, string subject, EthereumAddress to, byte[] data, Guid? group = null)
        : this(id, kind.ToText(), subject, to.ToString(), data, group)
    {
    }
}
