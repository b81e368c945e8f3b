using Microsoft.Extensions.Options;
using Pbts.Protocol.Receipts;

namespace Pbts.Hosting.Configuration;

/// <summary>Receipts and the ledger. Section <c>Receipts</c>.</summary>
public sealed class ReceiptsOptions
{
    public const string Section = "Receipts";

    /// <summary>Most seconds the receipt window can be set to: ten years.</summary>
    public const long MaxWindow = 3660L * 86400;

    /// <summary>Units of verification that the largest report costs.</summary>
    public const int FullReport = 1008;

    /// <summary>Whether signatures are verified. <c>VERIFY_SIGNATURES</c>; <c>POST /config</c> overrides it for the cluster.</summary>
    public bool VerifySignatures { get; set; } = true;

    /// <summary>Seconds a receipt is accepted after its time; <c>POST /config</c> overrides it for the cluster.</summary>
    public long Window { get; set; } = ReceiptFreshness.DefaultWindowSeconds;

    /// <summary>Seconds a credited receipt is kept at least, for members to look at.</summary>
    public long History { get; set; } = 30L * 86400;

    /// <summary>The reference's default for every piece, whatever the report says.</summary>
    public const string Fixed = "fixed";

    /// <summary>Refused.</summary>
    public const string Refuse = "refuse";

    /// <summary>What the report says, up to <see cref="MaxPieceSize"/>: nobody signs it, so uploaders name their own price.</summary>
    public const string Claimed = "claimed";

    /// <summary>What a receipt for a torrent that is not registered is worth.</summary>
    public string Unregistered { get; set; } = Fixed;

    /// <summary>Most bytes a receipt may claim. Longer ones are refused, whatever they are worth.</summary>
    public long MaxPieceSize { get; set; } = 16L << 20;

    /// <summary>Seconds a voucher is accepted after it was signed.</summary>
    public long VoucherWindow { get; set; } = 30L * 86400;

    /// <summary>Bytes that a receiver may be debited beyond what it may owe: what was under way when the limit was reached.</summary>
    public long ReceiverSlack { get; set; } = 256L << 20;

    /// <summary>Bytes a second that a session can have, and a receiver altogether over an hour.</summary>
    public long MaxRate { get; set; } = 1_250_000_000;

    /// <summary>What becomes of a receipt whose receiver is not registered: <c>refuse</c> it, or <c>credit-sender</c> and debit
    /// nobody, as the reference tracker does, which opens the door to made-up receivers.</summary>
    public string UnknownReceivers { get; set; } = "refuse";

    /// <summary>Whether <see cref="UnknownReceivers"/> is <c>credit-sender</c>.</summary>
    public bool CreditsUnknownReceivers => UnknownReceivers == "credit-sender";

    /// <summary>Refuse reports without the reporter's passkey. Off by default, because the reference's clients send none.</summary>
    public bool RequirePasskey { get; set; }

    /// <summary>Reports and registrations a second that one address (of IPv6, one /64) and one user may make for long; 0: no limit.</summary>
    public double ReportRate { get; set; } = 10;

    /// <summary>Reports and registrations they may make at once.</summary>
    public int ReportBurst { get; set; } = 200;

    /// <summary>Threads that verify signatures; 0 for one less than there are processors (at least one), so that announces find one free.</summary>
    public int Verifiers { get; set; }

    /// <summary>
    /// Units of verification a second that one address (of IPv6, one /64) may have for long; 0: no limit. One receipt is 1, a
    /// signature by itself 8, and one that turns out to be bad 50 more.
    /// </summary>
    public double VerificationRate { get; set; } = 2000;

    /// <summary>Units it may have at once.</summary>
    public int VerificationBurst { get; set; } = 20_000;

    /// <summary>
    /// Units a second that the bad signatures of all callers together may cost, and ten times as many at once; beyond it,
    /// reports without a passkey are told to come back later. 0: no limit.
    /// </summary>
    public double ForgeryBudget { get; set; } = 10_000;

    /// <summary>Bad signatures after which the rest of a report is not looked at: it is answered <c>busy</c>.</summary>
    public int MaxBadSignatures { get; set; } = 16;

    /// <summary>Announces and registrations, and as many reports, that may wait for a verifier; further ones are told to come back later.</summary>
    public int VerifierQueue { get; set; } = 64;

    /// <summary>The same for what callers could do themselves: <c>/attest</c>, <c>/verify-receipt</c>, <c>/verify-attestation</c>.</summary>
    public int ConvenienceQueue { get; set; } = 8;

    /// <summary>Seconds one of them may wait. Shorter than callers wait, so that nothing is verified twice because it was late.</summary>
    public int VerifierPatience { get; set; } = 6;

    /// <summary>Reports that may wait for the database; further ones are told to come back later.</summary>
    public int LedgerQueue { get; set; } = 1024;

    /// <summary>Seconds the database may take over one statement before the report is refused.</summary>
    public int LedgerTimeout { get; set; } = 10;
}

/// <summary>Refuses to start on limits that make no sense, naming the setting.</summary>
public sealed class ReceiptsOptionsValidator : IValidateOptions<ReceiptsOptions>
{
    public ValidateOptionsResult Validate(string? name, ReceiptsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = new List<string>();
        Check(options.Window is >= 0 and <= ReceiptsOptions.MaxWindow, $"Receipts:Window is {options.Window}: it must be 0 to {ReceiptsOptions.MaxWindow} seconds.");
        Check(options.History is >= 0 and <= 10 * ReceiptsOptions.MaxWindow, $"Receipts:History is {options.History}: it must be 0 to {10 * ReceiptsOptions.MaxWindow} seconds.");
        Check(options.MaxPieceSize is >= 1 and <= 1L << 40, $"Receipts:MaxPieceSize is {options.MaxPieceSize}: it must be 1 to {1L << 40} bytes.");
        Check(options.Unregistered is ReceiptsOptions.Fixed or ReceiptsOptions.Refuse or ReceiptsOptions.Claimed, $"Receipts:Unregistered is \"{options.Unregistered}\": it must be fixed, refuse or claimed.");
        Check(options.VoucherWindow is >= 3600 and <= ReceiptsOptions.MaxWindow, $"Receipts:VoucherWindow is {options.VoucherWindow}: it must be 3600 to {ReceiptsOptions.MaxWindow} seconds.");
        Check(options.ReceiverSlack is >= 0 and <= 1L << 50, $"Receipts:ReceiverSlack is {options.ReceiverSlack}: it must be 0 to {1L << 50} bytes.");
        Check(options.MaxRate is >= 1 and <= 1L << 50, $"Receipts:MaxRate is {options.MaxRate}: it must be 1 to {1L << 50} bytes a second.");
        Check(options.UnknownReceivers is "refuse" or "credit-sender", $"Receipts:UnknownReceivers is \"{options.UnknownReceivers}\": it must be refuse or credit-sender.");
        Check(options.ReportRate >= 0, $"Receipts:ReportRate is {options.ReportRate}: it must be 0 or more a second.");
        Check(options.ReportBurst > 0, $"Receipts:ReportBurst is {options.ReportBurst}: it must be positive.");
        Check(options.Verifiers is >= 0 and <= 1024, $"Receipts:Verifiers is {options.Verifiers}: it must be 0 to 1024.");
        Check(options.VerificationRate is >= 0 and <= 1e9, $"Receipts:VerificationRate is {options.VerificationRate}: it must be 0 or more a second.");
        Check(options.VerificationBurst >= ReceiptsOptions.FullReport, $"Receipts:VerificationBurst is {options.VerificationBurst}: it must be {ReceiptsOptions.FullReport} or more, one full report.");
        Check(options.ForgeryBudget is >= 0 and <= 1e8, $"Receipts:ForgeryBudget is {options.ForgeryBudget}: it must be 0 to 100000000 a second.");
        Check(options.MaxBadSignatures >= 1, $"Receipts:MaxBadSignatures is {options.MaxBadSignatures}: it must be positive.");
        Check(options.ConvenienceQueue >= 1, $"Receipts:ConvenienceQueue is {options.ConvenienceQueue}: it must be positive.");
        Check(options.VerifierPatience is >= 1 and <= 6, $"Receipts:VerifierPatience is {options.VerifierPatience}: it must be 1 to 6 seconds.");
        Check(options.VerifierQueue >= 1, $"Receipts:VerifierQueue is {options.VerifierQueue}: it must be positive.");
        Check(options.LedgerQueue >= 1, $"Receipts:LedgerQueue is {options.LedgerQueue}: it must be positive.");
        Check(options.LedgerTimeout is >= 1 and <= 600, $"Receipts:LedgerTimeout is {options.LedgerTimeout}: it must be 1 to 600 seconds.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Check(bool ok, string error)
        {
            if (!ok)
                errors.Add(error);
        }
    }
}
