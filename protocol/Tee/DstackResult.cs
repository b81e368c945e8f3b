namespace Pbts.Protocol.Tee;

/// <summary>What the dstack agent answered, or why it did not.</summary>
/// <typeparam name="T">The type of the answer.</typeparam>
/// <param name="Value">The answer; null when there is an error.</param>
/// <param name="Error">One line without any secret.</param>
public readonly record struct DstackResult<T>(T? Value, string? Error)
    where T : class
{
    /// <summary>An answer.</summary>
    public DstackResult(T value)
        : this(value, null)
    {
    }

    /// <summary>An error.</summary>
    public DstackResult(string error)
        : this(null, error)
    {
    }
}
