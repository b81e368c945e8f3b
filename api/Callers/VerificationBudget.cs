using System.Net;
using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;

namespace Pbts.Api.Callers;

/// <summary>
/// What callers may have verified, in units of one good receipt among others: charged before it is spent, and what turned
/// out to be forged is paid for many times over, because finding that out is what costs.
/// </summary>
internal sealed class VerificationBudget
{
    /// <summary>A signature by itself.</summary>
    public const int Single = 8;

    /// <summary>What a bad signature costs beyond a good one.</summary>
    public const int Forged = 50;

    private const int Burst = 10;

    /// <summary>Bytes that a receipt takes in JSON, about.</summary>
    private const int UsualReceipt = 512;

    private readonly RateLimiter _byAddress;
    private readonly RateLimiter _forgeries;
    private readonly SignatureWorkers _workers;

    public VerificationBudget(IOptions<ReceiptsOptions> options, SignatureWorkers workers, TimeProvider time)
    {
        var receipts = options.Value;
        _byAddress = new(receipts.VerificationRate, receipts.VerificationBurst, time);
        _forgeries = new(receipts.ForgeryBudget, (int)(receipts.ForgeryBudget * Burst), time);
        _workers = workers;
    }

    /// <summary>Whether this address may have so much verified; if so, it is charged. 0 is refused only to who owes.</summary>
    public bool Allows(IPAddress address, int units) => Count(_byAddress.Allows(address, units));

    /// <summary>Whether strangers' reports are taken: not while forgeries, whosever, cost too much.</summary>
    public bool AllowsStrangers() => Count(_forgeries.Allows(IPAddress.None, 0));

    /// <summary>What these receipts cost, before anything is known of them.</summary>
    public static int OfReport(int receipts) => Single + receipts;

    /// <summary>What a report of so many bytes is charged before it is read: by what it can be expected to hold; one of unknown length as the longest.</summary>
    public static int OfBody(long? bytes) => OfReport((int)Math.Min(bytes / UsualReceipt ?? ReceiptReport.MaxReceipts, ReceiptReport.MaxReceipts));

    /// <summary>Charges for signatures that turned out to be bad.</summary>
    public void ChargeForged(IPAddress address, int count)
    {
        _byAddress.Charge(address, count * Forged);
        _forgeries.Charge(IPAddress.None, count * Forged);
    }

    private bool Count(bool allowed)
    {
        if (!allowed)
            _workers.CountOverBudget();
        return allowed;
    }
}
