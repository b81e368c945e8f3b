namespace Pbts.Tracker.Tests.Support;

/// <summary>Tests that take so much memory in this process, or so much of the machine, that others, which measure it or wait for no more than a while, cannot run beside them.</summary>
[CollectionDefinition("alone", DisableParallelization = true)]
public sealed class Alone;
