using Pbts.Tracker.Tests.Structure.Circle.Right;

namespace Pbts.Tracker.Tests.Structure.Circle.Left;

/// <summary>One half of a circle, for the rule to find.</summary>
internal sealed class Turned(Arrow arrow)
{
    public Arrow Arrow => arrow;
}
