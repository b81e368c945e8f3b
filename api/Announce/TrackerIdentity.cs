namespace Pbts.Api.Announce;

/// <summary>The <c>tracker id</c> clients echo: this instance's id as 64 hex characters.</summary>
internal sealed class TrackerIdentity
{
    /// <summary>ASCII; empty until the instance is known.</summary>
    public byte[] Bytes { get; set; } = [];

    public override string ToString() => System.Text.Encoding.ASCII.GetString(Bytes);
}
