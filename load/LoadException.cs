namespace Pbts.Load;

/// <summary>The tracker did otherwise than it has to for the measurement to be one.</summary>
public sealed class LoadException(string message) : Exception(message);
