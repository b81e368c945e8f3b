using Orleans.Runtime;

namespace Pbts.Hosting.Workers;

/// <summary>For whom a verifier works, and how soon that is wanted.</summary>
/// <param name="Caller">The address, as one number.</param>
/// <param name="Kind">How soon it is wanted.</param>
public readonly record struct VerificationTurn(ulong Caller, VerificationKind Kind)
{
    private const string CallerKey = "pbts.caller";
    private const string KindKey = "pbts.kind";

    /// <summary>That of the request this is part of, wherever in the cluster; of nobody in particular where none was set.</summary>
    public static VerificationTurn Current
    {
        get => new(RequestContext.Get(CallerKey) as ulong? ?? 0, (VerificationKind)(RequestContext.Get(KindKey) as int? ?? (int)VerificationKind.Report));
        set
        {
            RequestContext.Set(CallerKey, value.Caller);
            RequestContext.Set(KindKey, (int)value.Kind);
        }
    }
}
