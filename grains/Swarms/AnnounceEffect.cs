namespace Pbts.Grains.Swarms;

/// <summary>What one announce adds to the durable record.</summary>
/// <param name="Completed">The peer finished its download with this announce.</param>
/// <param name="Uploaded">Bytes it says it sent since its last announce.</param>
/// <param name="Downloaded">Bytes it says it received since its last announce.</param>
/// <param name="Seconds">Time between the two announces.</param>
internal readonly record struct AnnounceEffect(bool Completed, long Uploaded, long Downloaded, int Seconds);
