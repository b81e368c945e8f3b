namespace Pbts.Tracker.Tests.Database;

/// <summary>A grain with state and a reminder, to exercise the providers.</summary>
internal interface INoteGrain : IGrainWithStringKey
{
    Task Write(string text);

    Task<string?> Read();

    Task Clear();

    Task Remind(TimeSpan dueTime);

    Task Forget();
}

[GenerateSerializer]
internal sealed class Note
{
    [Id(0)]
    public string? Text { get; set; }
}

internal sealed class NoteGrain([PersistentState("note")] IPersistentState<Note> note) : Grain, INoteGrain, IRemindable
{
    public Task Write(string text)
    {
        note.State.Text = text;
        return note.WriteStateAsync();
    }

    public Task<string?> Read() => Task.FromResult(note.State.Text);

    public Task Clear() => note.ClearStateAsync();

    public Task Remind(TimeSpan dueTime) => this.RegisterOrUpdateReminder("note", dueTime, TimeSpan.FromMinutes(1));

    public async Task Forget()
    {
        if (await this.GetReminder("note") is { } reminder)
            await this.UnregisterReminder(reminder);
    }

    public Task ReceiveReminder(string reminderName, TickStatus status) => Write("reminded");
}
