namespace Pbts.Tracker.Tests.Support;

/// <summary>Tests that take so much memory in this process that others, which measure it, cannot run beside them.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;
