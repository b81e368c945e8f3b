namespace Pbts.Local;

/// <summary>Something that the user is told in one line, without a stack: what is wrong, and what to do.</summary>
public sealed class LocalException : Exception
{
    public LocalException()
    {
    }

    public LocalException(string message)
        : base(message)
    {
    }

    public LocalException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
