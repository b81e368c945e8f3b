using System.Text.Json.Serialization;
using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;

namespace Pbts.Api.Chain;

/// <summary>How it stands with a member that is taken over by its proof. Amounts in bytes.</summary>
/// <param name="State">open: its transaction is not in a block yet, or waits for gas; credited; refused: the contract did not take it.</param>
/// <param name="Contract">The contract it is taken into.</param>
/// <param name="Sequence">Which root of the contract before it rests on.</param>
/// <param name="Up">Bytes given, which are credited.</param>
/// <param name="Down">Bytes taken, likewise.</param>
/// <param name="Tx">Its transaction, for /contract/tx/{tx}.</param>
/// <param name="Reason">Why it was refused.</param>
internal sealed record ClaimAnswer(
    bool Success, string State, string Contract, long Sequence, long Up, long Down, Guid Tx,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason)
{
    public static ClaimAnswer From(ClaimView view) => new(
        view.State != ClaimState.Refused, view.State.ToText(), view.Contract, view.Sequence, view.Up, view.Down, view.Transaction, view.Reason);
}
