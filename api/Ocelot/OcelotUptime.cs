namespace Pbts.Api.Ocelot;

/// <summary>How long this process has been up, as Gazelle shows it.</summary>
internal sealed class OcelotUptime(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    public override string ToString() => time.GetElapsedTime(_started) is var up ? FormattableString.Invariant($"{up.Days} days, {up:hh\\:mm\\:ss}") : "";
}
