using Pbts.GrainInterfaces.Operations;

namespace Pbts.Grains.Operations;

internal sealed class FrontEndsGrain(TimeProvider time) : Grain, IFrontEndsGrain
{
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    private readonly SortedDictionary<string, (FrontEndFigures Figures, long At)> _seen = new(StringComparer.Ordinal);

    public ValueTask ReportAsync(FrontEndFigures figures)
    {
        _seen[figures.Name] = (figures, time.GetTimestamp());
        return ValueTask.CompletedTask;
    }

    public ValueTask LeaveAsync(string name)
    {
        _seen.Remove(name);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<FrontEndReport>> ListAsync()
    {
        foreach (var name in _seen.Where(entry => time.GetElapsedTime(entry.Value.At) > Remembered).Select(entry => entry.Key).ToList())
            _seen.Remove(name);
        return ValueTask.FromResult<IReadOnlyList<FrontEndReport>>([.. _seen.Values.Select(seen => new FrontEndReport(seen.Figures, time.GetElapsedTime(seen.At)))]);
    }
}
