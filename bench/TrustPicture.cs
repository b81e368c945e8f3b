using System.Globalization;
using System.Text;
using Pbts.Load;
using Pbts.Protocol.Trust;

namespace Pbts.Bench;

/// <summary>
/// A picture of scores: each honest member by what it gave and its score, each account of a ring by what others signed for it, most of
/// it colluders. Both axes are logarithmic; what is below them is drawn at the edge.
/// </summary>
internal static class TrustPicture
{
    private const int Width = 790;
    private const int Height = 520;
    private const int Left = 70;
    private const int Right = 200;
    private const int Top = 30;
    private const int Bottom = 60;

    /// <summary>Powers of ten, of bytes and of scores.</summary>
    private const int FirstBytes = 6;
    private const int LastBytes = 14;
    private const int FirstScore = -5;

    private static readonly Dictionary<RingKind, string> Colours = new()
    {
        [RingKind.Closed] = "#d62728", [RingKind.FewBytes] = "#ff7f0e", [RingKind.Buyer] = "#9467bd", [RingKind.Giver] = "#2ca02c", [RingKind.Chain] = "#8c564b", [RingKind.Sold] = "#e377c2",
    };

    private static readonly Dictionary<RingKind, string> Names = new()
    {
        [RingKind.Closed] = "ring by itself", [RingKind.FewBytes] = "… that gave a little", [RingKind.Buyer] = "… that bought from many", [RingKind.Giver] = "… around a good member",
        [RingKind.Chain] = "chain from a good member", [RingKind.Sold] = "… with a bought account",
    };

    public static string Draw(SimulatedTracker tracker, TrustScores scores)
    {
        var given = new double[tracker.Members];
        foreach (var edge in tracker.Edges())
            given[edge.Sender] += edge.Bytes;
        var svg = new StringBuilder();
        Line(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{Height}\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">");
        Line(svg, $"<title>Trust scores of a simulated tracker</title><rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/>");
        Axes(svg);
        Line(svg, $"<g fill=\"#1f77b4\" fill-opacity=\".35\">");
        // Every third of them: dots upon dots say nothing more, and the file is a third.
        for (var member = 0; member < tracker.Honest; member += 3)
            Dot(svg, tracker.Truth[member], scores.Of(member), "1.6");
        Line(svg, $"</g>");
        foreach (var rings in tracker.Rings.GroupBy(ring => ring.Kind))
        {
            Line(svg, $"<g fill=\"{Colours[rings.Key]}\" fill-opacity=\".8\">");
            // Many accounts of a ring are at the same place.
            foreach (var account in rings.SelectMany(ring => ring.Accounts).DistinctBy(account => (Text(X(given[account])), Text(Y(scores.Of(account))))))
                Dot(svg, given[account], scores.Of(account), "2.6");
            Line(svg, $"</g>");
        }

        Legend(svg);
        Line(svg, $"</svg>");
        return svg.ToString();
    }

    private static void Axes(StringBuilder svg)
    {
        Line(svg, $"<g stroke=\"#ddd\">");
        for (var power = FirstBytes; power <= LastBytes; power += 2)
            Line(svg, $"<path d=\"M{Text(X(Math.Pow(10, power)))} {Top}V{Height - Bottom}\"/>");
        for (var power = FirstScore; power <= 0; power++)
            Line(svg, $"<path d=\"M{Left} {Text(Y(Math.Pow(10, power)))}H{Width - Right}\"/>");
        Line(svg, $"</g>");
        foreach (var (power, name) in ((int, string)[])[(6, "1 MB"), (8, "100 MB"), (10, "10 GB"), (12, "1 TB"), (14, "100 TB")])
            Line(svg, $"<text x=\"{Text(X(Math.Pow(10, power)))}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{name}</text>");
        for (var power = FirstScore; power <= 0; power++)
            Line(svg, $"<text x=\"{Left - 8}\" y=\"{Text(Y(Math.Pow(10, power)) + 4)}\" text-anchor=\"end\">{(power == FirstScore ? "0" : Math.Pow(10, power).ToString("0.####", CultureInfo.InvariantCulture))}</text>");
        Line(svg, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 16}\" text-anchor=\"middle\">what others signed for (honest: what the honest did)</text>");
        Line(svg, $"<text transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\">trust score</text>");
    }

    private static void Legend(StringBuilder svg)
    {
        var y = Top + 10;
        foreach (var (colour, name) in Colours.Select(pair => (pair.Value, Names[pair.Key])).Prepend(("#1f77b4", "honest members")))
        {
            Line(svg, $"<circle cx=\"{Width - Right + 14}\" cy=\"{y - 4}\" r=\"4\" fill=\"{colour}\"/><text x=\"{Width - Right + 24}\" y=\"{y}\" font-size=\"11\">{name}</text>");
            y += 20;
        }
    }

    private static void Dot(StringBuilder svg, double bytes, double score, string radius) => Line(svg, $"<circle cx=\"{Text(X(bytes))}\" cy=\"{Text(Y(score))}\" r=\"{radius}\"/>");

    private static double X(double bytes) => Left + ((Width - Left - Right) * Math.Clamp((Math.Log10(Math.Max(1, bytes)) - FirstBytes) / (LastBytes - FirstBytes), 0, 1));

    private static double Y(double score) => Height - Bottom - ((Height - Top - Bottom) * Math.Clamp((Math.Log10(Math.Max(1e-12, score)) - FirstScore) / -FirstScore, 0, 1));

    private static string Text(double number) => Math.Round(number, 1).ToString(CultureInfo.InvariantCulture);

    private static void Line(StringBuilder svg, FormattableString line) => svg.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
