using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Pbts.Grains.Placement;

/// <summary>Places a grain on the silo that its key names.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("pbts.OnSiloPlacement")]
public sealed class OnSiloPlacement : PlacementStrategy;

/// <summary>Marks a grain whose key is the address of the silo it runs on.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OnSiloPlacementAttribute() : PlacementAttribute(new OnSiloPlacement());

internal sealed class OnSiloPlacementDirector : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var wanted = SiloAddress.FromParsableString(target.GrainIdentity.Key.ToString()!);
        return context.GetCompatibleSilos(target).Contains(wanted)
            ? Task.FromResult(wanted)
            : throw new SiloUnavailableException($"Silo {wanted} is not a member.");
    }
}
