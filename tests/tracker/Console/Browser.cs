using Microsoft.Playwright;

namespace Pbts.Tracker.Tests.Console;

/// <summary>Debian's Chromium without a window, and a folder for what it saw.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const string Program = "/usr/bin/chromium";
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    /// <summary>Where screenshots are kept.</summary>
    public static string Pictures { get; } = Path.Combine(AppContext.BaseDirectory, "TestResults");

    public async Task InitializeAsync()
    {
        if (!File.Exists(Program))
            throw new InvalidOperationException("These tests need Chromium. Run them with ./pbts test, which installs it.");
        Directory.CreateDirectory(Pictures);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Program,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    /// <summary>A page whose own errors, refusals by its content security policy included, fail the test that calls <see cref="Visit.AssertClean"/>.</summary>
    public async Task<Visit> VisitAsync(Uri url, int width = 1280, int height = 900, bool dark = false)
    {
        var context = await _browser.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
        });
        context.SetDefaultTimeout(30_000);
        var visit = new Visit(context, await context.NewPageAsync());
        await visit.Page.GotoAsync(url.ToString());
        return visit;
    }

    /// <summary>One page and what went wrong in it.</summary>
    public sealed class Visit : IAsyncDisposable
    {
        private readonly IBrowserContext _context;
        private readonly List<string> _errors = [];

        public Visit(IBrowserContext context, IPage page)
        {
            _context = context;
            Page = page;
            page.PageError += (_, error) => _errors.Add(error);
            page.Console += (_, message) =>
            {
                // What the test itself provokes, such as a wrong token, shows up as a failed request.
                if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                    _errors.Add(message.Text);
            };
        }

        public IPage Page { get; }

        public Task PictureAsync(string name) => Page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, name + ".png"), FullPage = true });

        public void AssertClean() => Assert.Empty(_errors);

        public async ValueTask DisposeAsync() => await _context.DisposeAsync();
    }
}
