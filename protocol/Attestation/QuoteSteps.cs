namespace Pbts.Protocol.Attestation;

/// <summary>The steps of a verification, in their order.</summary>
public static class QuoteSteps
{
    /// <summary>The bytes are a quote.</summary>
    public const string Format = "format";

    /// <summary>The PCK certificate chain ends at the pinned root and is in force.</summary>
    public const string Certificates = "certificates";

    /// <summary>The PCK key signed the quoting enclave's report.</summary>
    public const string QeReport = "qe_report_signature";

    /// <summary>The quoting enclave's report names the attestation key.</summary>
    public const string AttestationKey = "attestation_key";

    /// <summary>The attestation key signed the quote.</summary>
    public const string Signature = "quote_signature";

    /// <summary>Neither the program nor the quoting enclave can be read from outside.</summary>
    public const string Debug = "debug";

    /// <summary>No certificate has been revoked.</summary>
    public const string Revocation = "revocation";

    /// <summary>The quoting enclave is Intel's.</summary>
    public const string QeIdentity = "qe_identity";

    /// <summary>The platform is as up to date as the policy asks.</summary>
    public const string TcbStatus = "tcb_status";

    /// <summary>The program is one of those the policy names.</summary>
    public const string Measurements = "measurements";

    /// <summary>The quote is over the data expected of it.</summary>
    public const string ReportData = "report_data";

    /// <summary>The quote is as new as asked and answers the challenge.</summary>
    public const string Freshness = "freshness";
}
