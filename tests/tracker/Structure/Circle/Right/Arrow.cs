using Pbts.Tracker.Tests.Structure.Circle.Left;

namespace Pbts.Tracker.Tests.Structure.Circle.Right;

/// <summary>The other half.</summary>
internal sealed class Arrow
{
    public Turned? Turned { get; set; }
}
