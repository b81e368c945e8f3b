using Pbts.Hosting.Configuration;

namespace Pbts.Tracker.Tests.Tee;

public sealed class TeeOptionsTests
{
    /// <summary>8.5: modes_exist.</summary>
    [Theory]
    [InlineData("disabled")]
    [InlineData("Enabled")]
    [InlineData("BENCHMARK")]
    public void Every_mode_is_accepted_in_any_case(string mode) => Assert.Null(Problem(options => options.Mode = mode));

    [Fact]
    public void Settings_that_cannot_work_are_named()
    {
        Assert.Null(Problem(_ => { }));
        Assert.Null(Problem(options => (options.Endpoint, options.AcceptedTcb) = ("/run/x.sock", "uptodate, OutOfDate")));
        Assert.Null(Problem(options => options.Measurements["MrTd"] = new string('a', 96) + "," + new string('b', 96)));
        foreach (var (named, change) in new (string, Action<TeeOptions>)[]
        {
            ("TEE_MODE", options => options.Mode = "maybe"),
            ("DSTACK_SIMULATOR_ENDPOINT", options => options.Endpoint = "dstack.sock"),
            ("DSTACK_SIMULATOR_ENDPOINT", options => options.Endpoint = "/" + new string('x', 100)),
            ("Tee:TimeoutSeconds", options => options.TimeoutSeconds = 0),
            ("Tee:CollateralPath", options => options.CollateralPath = "/nonexistent"),
            ("Tee:PccsUrl", options => options.PccsUrl = "file:///etc"),
            ("Tee:AcceptedTcb", options => options.AcceptedTcb = "UpToDate,Fine"),
            ("Tee:AcceptedTcb", options => options.AcceptedTcb = "1"),
            ("Tee:Measurements:mrtd", options => options.Measurements["mrtd"] = "12"),
            ("Tee:Measurements:mrtd", options => options.Measurements["mrtd"] = new string('g', 96)),
            ("Tee:Measurements:mrenclave", options => options.Measurements["mrenclave"] = new string('a', 96)),
            ("Tee:Measurements:mrx", options => options.Measurements["mrx"] = new string('a', 96)),
            ("Tee:Measurements:rtmr0", options => options.Measurements["rtmr0"] = ""),
            ("Tee:MaxAgeSeconds", options => options.MaxAgeSeconds = 0),
            ("Tee:RootCertificate", options => options.RootCertificate = "/nonexistent"),
        })
            Assert.StartsWith(named, Problem(change), StringComparison.Ordinal);
    }

    private static string? Problem(Action<TeeOptions> change)
    {
        var options = new TeeOptions();
        change(options);
        return new TeeOptionsValidator().Validate(null, options).Failures?.Single();
    }
}
