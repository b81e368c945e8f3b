using Pbts.GrainInterfaces.Chain;
using Pbts.Protocol;

namespace Pbts.Grains.Chain.Outbox;

/// <summary>Where transactions are handed in: the grain of the key, from wherever one is.</summary>
internal interface IChainSubmitter
{
    /// <summary>Puts it on record; null, or why it is refused.</summary>
    Task<Problem?> SubmitAsync(ChainSubmission submission);

    /// <summary>Makes sure that somebody works on what is on record: whoever did may have died.</summary>
    Task ResumeAsync();
}
