namespace Pbts.Hosting.Configuration;

/// <summary>Which totals a ratio is of; its text in settings is that of <see cref="Protocol.EnumText"/>.</summary>
public enum RatioBasis
{
    /// <summary>What receipts prove, both ways.</summary>
    Proven,

    /// <summary>Uploads as receipts prove them, downloads as soon as the client admits them.</summary>
    ProvenUploadClaimedDownload,

    /// <summary>What clients say, both ways.</summary>
    Claimed,

    /// <summary>What the site counts: what clients say with the factors that held, and what was brought from elsewhere.</summary>
    Credited,
}
