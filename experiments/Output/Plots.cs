using System.Globalization;
using ScottPlot;

namespace Pbts.Experiments.Output;

/// <summary>Draws charts as PNG and SVG, on a light background.</summary>
internal static class Plots
{
    private const int Width = 1000;

    // Of Okabe and Ito: told apart by people who see colours differently.
    private static readonly string[] Colors = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

    /// <summary>Writes both files of a chart and gives the SVG.</summary>
    public static async Task<string> WriteAsync(Chart chart, string folder)
    {
        Fonts.Default = "DejaVu Sans"; // Another font where there is none of this name.
        using var plot = new Plot();
        plot.FigureBackground.Color = ScottPlot.Colors.White;
        plot.Axes.Title.Label.Text = chart.Title;
        plot.Axes.Title.Label.FontSize = 20;
        plot.Axes.Bottom.Label.Text = chart.Across;
        plot.Axes.Left.Label.Text = chart.Up;
        plot.Axes.Bottom.Label.FontSize = plot.Axes.Left.Label.FontSize = 15;
        plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = 14;
        if (chart.AsRows)
            DrawRows(plot, chart);
        else
            DrawLines(plot, chart);
        var height = chart.AsRows ? 160 + (34 * chart.Labels.Length) : 560;
        plot.SavePng(Path.Combine(folder, $"plot_{chart.Name}.png"), Width, height);
        plot.SaveSvg(Path.Combine(folder, $"plot_{chart.Name}.svg"), Width, height);
        return await File.ReadAllTextAsync(Path.Combine(folder, $"plot_{chart.Name}.svg"));
    }

    private static void DrawLines(Plot plot, Chart chart)
    {
        var across = Array.ConvertAll(chart.Sizes, Math.Log2);
        foreach (var line in chart.Lines)
        {
            var known = line.Values.Index().Where(value => value.Item is not null).ToArray();
            var scatter = plot.Add.Scatter(
                known.Select(value => across[value.Index]).ToArray(), known.Select(value => chart.Logarithmic ? Math.Log10(value.Item!.Value) : value.Item!.Value).ToArray(),
                Color.FromHex(Colors[line.Color % Colors.Length]));
            (scatter.LineWidth, scatter.MarkerSize, scatter.LegendText) = (line.IsThin ? 1 : 2.5f, 9, line.Name);
            // No dashes: the SVG writer complains of them on the terminal.
            scatter.MarkerShape = line.IsThin ? MarkerShape.OpenCircle : MarkerShape.FilledCircle;
        }

        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericManual(across, chart.Labels);
        var values = chart.Lines.SelectMany(line => line.Values).OfType<double>().ToArray();
        if (chart.Logarithmic)
            Decades(plot.Axes.Left, values);
        plot.Axes.SetLimitsX(across[0] - 0.3, across[^1] + 0.3);
        // Room for the markers, and from zero where nothing is below it.
        var (low, high) = (Math.Min(0, values.Min()), Math.Max(values.Max(), 0.1));
        if (!chart.Logarithmic)
            plot.Axes.SetLimitsY(low < 0 ? low - (0.1 * (high - low)) : 0, high + (0.1 * (high - low)));
        else
            plot.Axes.SetLimitsY(Math.Floor(Math.Log10(values.Min()) - 0.05), Math.Ceiling(Math.Log10(values.Max()) + 0.05));
        plot.Legend.FontSize = 14;
        plot.ShowLegend(Edge.Bottom);
    }

    private static void DrawRows(Plot plot, Chart chart)
    {
        var (median, p95) = (chart.Lines[0].Values, chart.Lines[1].Values);
        for (var i = 0; i < chart.Labels.Length; i++)
        {
            var (from, to, y) = (Math.Log10(median[i]!.Value), Math.Log10(p95[i]!.Value), (double)-i);
            var bar = plot.Add.Line(from, y, to, y);
            (bar.LineWidth, bar.LineColor) = (5, Color.FromHex(Colors[5]));
            plot.Add.Marker(from, y, MarkerShape.FilledCircle, 12, Color.FromHex(Colors[0]));
            var text = plot.Add.Text(Format.Number(median[i]), Math.Max(from, to), y);
            (text.LabelFontSize, text.LabelAlignment, text.OffsetX) = (14, Alignment.MiddleLeft, 12);
        }

        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericManual([.. Enumerable.Range(0, chart.Labels.Length).Select(i => (double)-i)], chart.Labels);
        var values = median.Concat(p95).OfType<double>().ToArray();
        Decades(plot.Axes.Bottom, values);
        plot.Axes.SetLimits(Math.Floor(Math.Log10(values.Min())), Math.Ceiling(Math.Log10(values.Max())) + 0.3, 0.6 - chart.Labels.Length, 0.6);
    }

    private static void Decades(IAxis axis, double[] values)
    {
        var (first, last) = ((int)Math.Floor(Math.Log10(values.Min())), (int)Math.Ceiling(Math.Log10(values.Max())) + 1);
        var decades = Enumerable.Range(first, last - first + 1).Select(power => (double)power).ToArray();
        axis.TickGenerator = new ScottPlot.TickGenerators.NumericManual(decades, [.. decades.Select(power => Math.Pow(10, power).ToString(power >= 0 ? "#,0" : "0.#######", CultureInfo.InvariantCulture))]);
    }
}
