using System.Diagnostics;
using System.Globalization;
using Pbts.Cli.Commands;

namespace Pbts.Cli.Evidence;

/// <summary>Draws how far an audit is: on a terminal in one line that changes, else a line for each tenth.</summary>
internal sealed class AuditProgress(TextWriter output, bool terminal)
{
    private const int Width = 30;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Stopwatch _running = Stopwatch.StartNew();
    private TimeSpan _drawn = -Interval;
    private int _tenth = -1;
    private bool _open;

    public AuditProgress(CommandContext context)
        : this(context.Error, !Console.IsErrorRedirected && ReferenceEquals(context.Error, Console.Error))
    {
    }

    /// <summary>Draws the state, but not too often.</summary>
    public void Show(double share, string what)
    {
        share = Math.Clamp(share, 0, 1);
        if (terminal ? _running.Elapsed - _drawn < Interval : (int)(share * 10) == _tenth)
            return;
        (_drawn, _tenth) = (_running.Elapsed, (int)(share * 10));
        var filled = (int)(share * Width);
        var line = string.Create(CultureInfo.InvariantCulture, $"[{new string('#', filled)}{new string('-', Width - filled)}] {share * 100,3:0} %  {what}");
        output.Write(terminal ? $"\r\e[K{line}" : line + output.NewLine);
        _open = terminal;
    }

    /// <summary>Makes room for other lines.</summary>
    public void Clear()
    {
        if (_open)
            output.Write("\r\e[K");
        (_open, _drawn) = (false, -Interval);
    }
}
