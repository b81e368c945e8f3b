using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Pbts.Tracker.Tests.Experiments;

/// <summary>An HTTP server that answers as a test wants, for what a good tracker never answers.</summary>
internal sealed class StubTracker : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubTracker(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public static async Task<StubTracker> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new StubTracker(app);
    }

    /// <summary>What a tracker says when every receipt is accepted.</summary>
    public static object Accepted(int count) => new
    {
        success = true, verified_receipts = count, results = Enumerable.Range(0, count).Select(index => new { index, status = "accepted" }),
        verified_vouchers = 0, voucher_results = Array.Empty<object>(),
    };

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
