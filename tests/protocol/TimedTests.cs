namespace Pbts.Protocol.Tests;

/// <summary>Tests with time limits: they run when those that keep every processor busy are done.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class TimedTests
{
    public const string Name = "timed";
}
