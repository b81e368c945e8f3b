using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Pbts.Api.Callers;
using Pbts.GrainInterfaces.Ledger;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;

namespace Pbts.Tracker.Tests.Admission;

public sealed class VerificationBudgetTests : IDisposable
{
    private static readonly IPAddress One = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Another = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();
    private readonly SignatureWorkers _workers;
    private readonly VerificationBudget _budget;
    private readonly IMeterFactory _meters = new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();

    public VerificationBudgetTests()
    {
        var options = Options.Create(new ReceiptsOptions { VerificationRate = 100, VerificationBurst = 2000, ForgeryBudget = 100, Verifiers = 1 });
        _workers = new(options, _meters, _time);
        _budget = new(options, _workers, _time);
    }

    public void Dispose() => _workers.Dispose();

    [Fact]
    public void An_address_has_so_much_verified_and_others_are_not_kept_from_theirs()
    {
        Assert.True(_budget.Allows(One, 2000));
        Assert.False(_budget.Allows(One, 1));
        Assert.True(_budget.Allows(Another, 2000));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_budget.Allows(One, 101));
        Assert.True(_budget.Allows(One, 100));
    }

    [Fact]
    public void A_forgery_is_paid_for_like_fifty_good_signatures_by_its_address_alone()
    {
        _budget.ChargeForged(One, 10);
        Assert.False(_budget.Allows(One, 1501));
        Assert.True(_budget.Allows(One, 1500));
        Assert.True(_budget.Allows(Another, 2000));
    }

    [Fact]
    public void Strangers_reports_are_taken_until_all_forgeries_together_cost_ten_seconds_worth_of_what_they_may()
    {
        // 20 forgeries of 50 units are 10 seconds of 100.
        for (var i = 0; i < 20; i++)
        {
            Assert.True(_budget.AllowsStrangers());
            _budget.ChargeForged(IPAddress.Parse($"192.0.2.{i}"), 1);
        }

        Assert.True(_budget.AllowsStrangers());
        _budget.ChargeForged(Another, 1);
        Assert.False(_budget.AllowsStrangers());
        _time.Advance(TimeSpan.FromSeconds(0.6));
        Assert.True(_budget.AllowsStrangers());
    }

    [Fact]
    public void A_report_costs_its_receipts_and_a_signature_by_itself()
    {
        Assert.Equal(8, VerificationBudget.OfReport(0));
        Assert.Equal(108, VerificationBudget.OfReport(100));
    }

    [Fact]
    public void A_body_is_charged_by_the_receipts_it_may_hold_and_one_of_unknown_length_as_the_longest()
    {
        Assert.Equal(VerificationBudget.OfReport(0), VerificationBudget.OfBody(511));
        Assert.Equal(VerificationBudget.OfReport(2), VerificationBudget.OfBody(1024));
        Assert.Equal(VerificationBudget.OfReport(ReceiptReport.MaxReceipts), VerificationBudget.OfBody(long.MaxValue));
        Assert.Equal(VerificationBudget.OfReport(ReceiptReport.MaxReceipts), VerificationBudget.OfBody(null));
    }

    [Fact]
    public void What_is_refused_is_counted_and_what_is_allowed_is_not()
    {
        long counted = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == _meters && instrument.Name == "pbts.verification.refused")
                listener.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => counted += tags.ToArray().Any(tag => tag.Value is "budget") ? value : 0);
        listener.Start();
        Assert.True(_budget.Allows(One, 2000));
        listener.RecordObservableInstruments();
        Assert.Equal(0, counted);
        Assert.False(_budget.Allows(One, 1));
        listener.RecordObservableInstruments();
        Assert.Equal(1, counted);
    }
}
