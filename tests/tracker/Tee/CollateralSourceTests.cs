using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Pbts.Api.Tee;
using Pbts.Attestation.Tests;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Workers;
using Pbts.Protocol.Attestation;

namespace Pbts.Tracker.Tests.Tee;

/// <summary>Where the tracker has collateral from, and for how long, on a clock of the test's.</summary>
public sealed class CollateralSourceTests : IDisposable
{
    private static readonly QuotePlatform Platform = new(TeeKind.Tdx, TestPlatform.Fmspc, "platform");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pbts-collateral");
    private readonly TestPlatform _platform = new();
    private readonly Clock _clock = new();

    public void Dispose()
    {
        _platform.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Of_several_files_the_newest_counts()
    {
        Write("a.json", _platform.Collateral(new() { NextUpdate = _clock.Now.AddDays(1) }));
        Write("b.json", _platform.Collateral(new() { NextUpdate = _clock.Now.AddDays(20) }));
        Write("c.json", _platform.Collateral(new() { NextUpdate = _clock.Now.AddDays(30), Fmspc = "112233445566" }));
        File.WriteAllText(Path.Combine(_folder.FullName, "d.json"), "{}");
        // The members are there, and what they say is of no use.
        Write("e.json", _platform.Collateral() with { TcbInfo = """{"id":"TDX","version":3,"fmspc":null}""" });
        using var source = Source(path: _folder.FullName);
        Assert.Equal(_clock.Now.AddDays(20), (await source.FindAsync(Platform, default))!.NextUpdate!.Value, TimeSpan.FromSeconds(1));
        Assert.Null(await source.FindAsync(Platform with { Kind = TeeKind.Sgx }, default));
    }

    [Fact]
    public async Task A_service_that_fails_does_not_take_away_what_it_gave()
    {
        await using var pccs = await TestPccs.StartAsync(_platform.Collateral());
        using var source = Source(pccs.Url);
        Assert.NotNull(await source.FindAsync(Platform, default));
        pccs.Served = null;
        _clock.Now = _clock.Now.AddHours(2);
        Assert.NotNull(await source.FindAsync(Platform, default));
        Assert.Equal(5, pccs.Asked.Count);
        // A minute of peace, and then it is tried again.
        Assert.NotNull(await source.FindAsync(Platform, default));
        Assert.Equal(5, pccs.Asked.Count);
        _clock.Now = _clock.Now.AddMinutes(2);
        Assert.NotNull(await source.FindAsync(Platform, default));
        Assert.Equal(6, pccs.Asked.Count);
    }

    [Fact]
    public async Task A_service_whose_answers_have_expired_is_not_asked_for_every_request()
    {
        await using var pccs = await TestPccs.StartAsync(_platform.Collateral(new() { NextUpdate = _clock.Now.AddDays(-1) }));
        using var source = Source(pccs.Url);
        for (var i = 0; i < 5; i++)
            Assert.NotNull(await source.FindAsync(Platform, default));
        Assert.Equal(4, pccs.Asked.Count);
    }

    [Fact]
    public async Task A_service_is_asked_when_the_files_have_expired()
    {
        Write("old.json", _platform.Collateral(new() { NextUpdate = _clock.Now.AddDays(-1) }));
        await using var pccs = await TestPccs.StartAsync(_platform.Collateral());
        using var source = Source(pccs.Url, _folder.FullName);
        Assert.True((await source.FindAsync(Platform, default))!.NextUpdate > _clock.Now);
        pccs.Served = null;
        using var without = Source(pccs.Url, _folder.FullName);
        Assert.True((await without.FindAsync(Platform, default))!.NextUpdate < _clock.Now);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"tcbInfo":{},"signature":null}""")]
    [InlineData("""{"tcbInfo":{},"signature":"xx"}""")]
    [InlineData("""{"signature":""}""")]
    public async Task An_answer_of_another_shape_is_none(string answer)
    {
        await using var pccs = await TestPccs.StartAsync(_platform.Collateral());
        pccs.Instead = answer;
        using var source = Source(pccs.Url);
        Assert.Null(await source.FindAsync(Platform, default));
    }

    /// <summary>Everything that expires is judged by the clock the tracker was given.</summary>
    [Theory]
    [InlineData(0, null)]
    [InlineData(-3, QuoteSteps.Revocation)]
    [InlineData(29.5, QuoteSteps.QeIdentity)]
    [InlineData(181, QuoteSteps.Certificates)]
    [InlineData(-181, QuoteSteps.Certificates)]
    public async Task What_has_expired_is_refused(double days, string? step)
    {
        Write("a.json", _platform.Collateral());
        var root = Path.Combine(_folder.FullName, "root.pem");
        await File.WriteAllTextAsync(root, _platform.Root.ExportCertificatePem());
        using var source = Source(path: _folder.FullName);
        using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var workers = new SignatureWorkers(Options.Create(new ReceiptsOptions()), meters.GetRequiredService<IMeterFactory>(), TimeProvider.System);
        _clock.Now = _clock.Now.AddDays(days);
        var verdict = await new AttestationVerifier(Options.Create(new TeeOptions { RootCertificate = root }), source, workers, _clock).VerifyAsync(_platform.TdxQuote(new byte[64]), default, default);
        Assert.Equal(step, verdict!.FirstFailure?.Name);
    }

    private CollateralSource Source(string pccs = "", string path = "") =>
        new(Options.Create(new TeeOptions { PccsUrl = pccs, CollateralPath = path }), _clock, NullLogger<CollateralSource>.Instance);

    private void Write(string name, Collateral collateral) => File.WriteAllText(Path.Combine(_folder.FullName, name), TestPlatform.ToJson(collateral));

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
