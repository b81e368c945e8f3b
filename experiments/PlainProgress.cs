namespace Pbts.Experiments;

/// <summary>A line for each result, for logs and pipes.</summary>
internal sealed class PlainProgress(TextWriter output) : IProgressView
{
    public void Show(string text, double done, double secondsLeft) =>
        output.WriteLine($"[{100 * done,3:0} %, about {Format.Time(secondsLeft)} left] {text}");
}
