using Spectre.Console;

namespace Pbts.Experiments;

/// <summary>A bar with the time left, for terminals; results scroll above it.</summary>
internal sealed class BarProgress : IProgressView
{
    private readonly ProgressTask _bar;
    private double _left;

    private BarProgress(ProgressTask bar) => _bar = bar;

    public static Task RunAsync(Func<IProgressView, Task> work)
    {
        var left = new LeftColumn();
        return AnsiConsole.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), left, new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(context =>
            {
                var view = new BarProgress(context.AddTask("starting", maxValue: 1));
                left.View = view;
                return work(view);
            });
    }

    public void Show(string text, double done, double secondsLeft)
    {
        (_bar.Value, _left) = (done, secondsLeft);
        _bar.Description = Markup.Escape(text[..text.IndexOf(':', StringComparison.Ordinal)]);
        AnsiConsole.WriteLine(text);
    }

    private sealed class LeftColumn : ProgressColumn
    {
        public BarProgress? View { get; set; }

        protected override bool NoWrap => true;

        public override Spectre.Console.Rendering.IRenderable Render(Spectre.Console.Rendering.RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text($"about {Format.Time(View?._left ?? 0)} left");
    }
}
