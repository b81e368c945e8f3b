using Pbts.Protocol;

namespace Pbts.GrainInterfaces.Settings;

/// <summary>What <c>POST /config</c> can change, the same on every silo.</summary>
/// <param name="VerifySignatures">Whether signatures are verified.</param>
/// <param name="ReceiptWindow">Seconds a receipt is accepted after its time.</param>
/// <param name="TeeMode"><c>disabled</c>, <c>enabled</c> or <c>benchmark</c>.</param>
[GenerateSerializer, Immutable, Alias("pbts.ClusterSettings")]
public sealed record ClusterSettings(
    [property: Id(0)] bool VerifySignatures,
    [property: Id(1)] long ReceiptWindow,
    [property: Id(2)] string TeeMode)
{
    /// <summary>What <see cref="TeeMode"/> says; that is a text because silos of the version before read it during a rolling upgrade.</summary>
    public TeeMode Mode => EnumText.TryParse(TeeMode, out TeeMode mode) ? mode : default;
}

/// <summary>A change of settings; null leaves a setting as it is. Already validated.</summary>
[GenerateSerializer, Immutable, Alias("pbts.SettingsChange")]
public sealed record SettingsChange(
    [property: Id(0)] bool? VerifySignatures,
    [property: Id(1)] long? ReceiptWindow,
    [property: Id(2)] string? TeeMode);
