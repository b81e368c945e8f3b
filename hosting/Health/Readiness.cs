namespace Pbts.Hosting.Health;

/// <summary>Why this process should be given no work, if it should not.</summary>
public sealed class Readiness
{
    private volatile string? _problem;

    /// <summary>For the operator; null when nothing is wrong.</summary>
    public string? Problem
    {
        get => _problem;
        set => _problem = value;
    }
}
