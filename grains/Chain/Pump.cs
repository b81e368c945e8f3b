using Npgsql;
using Pbts.Hosting.Resilience;
using Pbts.Protocol;

namespace Pbts.Grains.Chain;

/// <summary>
/// What a grain does in the background: rounds by a timer, one at a time, until it rests; a reminder brings the grain back
/// after a crash. What stands in the way is said once.
/// </summary>
internal sealed class Pump(Grain grain, string reminderName, TimeSpan period, Func<CancellationToken, Task<Problem?>> round, Action<Exception?, string> say)
{
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private IGrainTimer? _timer;
    private Task<IGrainReminder>? _reminder;
    private Task<Problem?>? _running;
    private Problem? _problem;

    /// <summary>Begins with the first round after <paramref name="due"/>.</summary>
    public void Start(TimeSpan due) =>
        _timer = grain.RegisterGrainTimer(RunAsync, new GrainTimerCreationOptions(due, period) { Interleave = true, KeepAlive = true });

    /// <summary>The next round now.</summary>
    public void Wake() => _timer?.Change(TimeSpan.Zero, period);

    /// <summary>No rounds until it is woken.</summary>
    public void Rest() => _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>A round, or the one that is under way; gives what stands in the way, or null.</summary>
    public Task<Problem?> RunAsync(CancellationToken cancellationToken = default) =>
        _running is { IsCompleted: false } ? _running : _running = GuardAsync(() => round(cancellationToken));

    /// <summary>Does something that may meet what stands in the way of rounds, which it gives, or null.</summary>
    public async Task<Problem?> GuardAsync(Func<Task<Problem?>> work)
    {
        Exception? exception = null;
        Problem? problem;
        try
        {
            problem = await work();
        }
        catch (Exception e) when (Away.IsDatabase(e))
        {
            (exception, problem) = (e, new Problem(ProblemKind.Unavailable, "the database does not answer"));
        }
        catch (OrleansException e)
        {
            (exception, problem) = (e, new Problem(ProblemKind.Unavailable, "the silo of the signing key does not answer"));
        }
        if (problem is not null && problem.Text != _problem?.Text)
            say(exception, problem.Text);
        return _problem = problem;
    }

    /// <summary>Sees to it that there is a reminder. Those who want one at once share one registration: each of its own would wait for the row of the others.</summary>
    public async Task RemindAsync()
    {
        var reminder = _reminder ??= grain.RegisterOrUpdateReminder(reminderName, ReminderPeriod, ReminderPeriod);
        try
        {
            await reminder;
        }
        catch
        {
            if (_reminder == reminder)
                _reminder = null;
            throw;
        }
    }

    /// <summary>Takes the reminder away.</summary>
    public async Task ForgetAsync()
    {
        var known = _reminder;
        _reminder = null;
        if ((known is null ? await grain.GetReminder(reminderName) : await known) is { } reminder)
            await grain.UnregisterReminder(reminder);
    }
}
