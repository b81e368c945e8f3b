using Orleans.Runtime;

namespace Pbts.Api.OperatorConsole;

/// <summary>One silo in the console.</summary>
/// <param name="Answers">Whether it gave figures; those of a silo that did not are zero.</param>
internal sealed record SiloView(
    string Name, string Address, string Host, string Status, bool Answers, DateTimeOffset? StartedAt, DateTimeOffset? AliveAt,
    long Swarms, long Peers, long Announces, long Receipts, long RefusedReceipts, int Verifying, int Committing, long Memory);

/// <summary>One front end in the console.</summary>
/// <param name="Answers">Whether it has reported lately.</param>
internal sealed record FrontEndView(
    string Name, string Address, string Host, bool Answers, DateTimeOffset StartedAt, DateTimeOffset SeenAt, long Served, long PutOff, long Refused, long Memory);

/// <summary>The cluster at one moment. Counters grow from each process's start; rates are the reader's to make.</summary>
/// <param name="Users">Registered users; null while the database does not answer.</param>
/// <param name="Database">Whether the database answers.</param>
internal sealed record ClusterSnapshot(DateTimeOffset At, IReadOnlyList<SiloView> Silos, IReadOnlyList<FrontEndView> FrontEnds, long? Users, bool Database);
