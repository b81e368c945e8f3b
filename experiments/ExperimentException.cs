namespace Pbts.Experiments;

/// <summary>A measured operation did not do what it was meant to: its times would be worth nothing.</summary>
public sealed class ExperimentException : Exception
{
    public ExperimentException()
    {
    }

    public ExperimentException(string message)
        : base(message)
    {
    }

    public ExperimentException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
