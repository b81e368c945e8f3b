using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Pbts.Protocol.Ethereum;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chain;

/// <summary>Asks for a migration's progress all the time, listens to its events too, and holds every answer against the chain.</summary>
internal sealed class MigrationWatch : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly AnvilNode _anvil;
    private readonly NodeProcess _api;
    private readonly string _id;
    private readonly int _total;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _chain = new(1);
    private readonly Task _polls;
    private readonly Task _events;
    private JsonNode? _view;
    private JsonNode? _lastEvent;
    private int _moved;
    private ulong _nextBlock;

    /// <param name="total">How many users it has to find.</param>
    /// <param name="moved">How many the contract has taken over before.</param>
    public MigrationWatch(AnvilNode anvil, NodeProcess api, string id, int total, int moved = 0)
    {
        (_anvil, _api, _id, _total, AlreadyMoved) = (anvil, api, id, total, moved);
        _polls = PollAsync();
        _events = ListenAsync();
    }

    /// <summary>The new contract, once the interface has named it.</summary>
    public EthereumAddress Contract => EthereumAddress.TryParse((string?)_view?["reputation_address"], out var contract) ? contract : default;

    private int AlreadyMoved { get; }

    /// <summary>Waits until an answer satisfies the condition.</summary>
    public async Task UntilAsync(Func<JsonNode, bool> condition)
    {
        for (var waited = Stopwatch.StartNew(); _view is null || !condition(_view); await Task.Delay(20))
        {
            Assert.True(waited.Elapsed < Patience && !_polls.IsCompleted && !_events.IsFaulted, $"{_view}\n{_polls.Exception}\n{_events.Exception}\n{_api.Log}");
        }
    }

    /// <summary>Does something during which the chain cannot be asked.</summary>
    public async Task WithoutChainAsync(Func<Task> action)
    {
        await _chain.WaitAsync();
        await action();
        _chain.Release();
    }

    /// <summary>The last answer; the stream of events has ended by itself and with the same.</summary>
    public async Task<JsonNode> FinishAsync()
    {
        await _events.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(_view!.ToJsonString(), _lastEvent!.ToJsonString());
        await _stop.CancelAsync();
        await _polls;
        return _view;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAny(Task.WhenAll(_polls, _events));
        _stop.Dispose();
        _chain.Dispose();
    }

    private async Task PollAsync()
    {
        // What was asked of a silo that then died is answered after half a minute; asking again is faster.
        using var http = new HttpClient { BaseAddress = _api.Url, Timeout = TimeSpan.FromSeconds(3) };
        for (JsonNode? before = null; !_stop.IsCancellationRequested; await Task.Delay(100))
        {
            HttpStatusCode status;
            JsonNode view;
            try
            {
                (status, view) = await http.GetJsonAsync($"/migrations/{_id}");
            }
            catch (TaskCanceledException)
            {
                continue;
            }
            if (status == HttpStatusCode.ServiceUnavailable) continue;
            Assert.Equal(HttpStatusCode.OK, status);
            await CheckAsync(before, view);
            _view = before = view;
        }
    }

    private async Task ListenAsync()
    {
        using var http = new HttpClient { BaseAddress = _api.Url, Timeout = Timeout.InfiniteTimeSpan };
        await using var stream = await http.GetStreamAsync($"/migrations/{_id}/events", _stop.Token);
        using var reader = new StreamReader(stream);
        // One connection all the time, whatever dies behind it.
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            var view = JsonNode.Parse(line[6..])!;
            await CheckAsync(_lastEvent, view);
            _lastEvent = view;
        }
    }

    private async Task CheckAsync(JsonNode? before, JsonNode view)
    {
        var (state, phase, migrated, failed, total) = ((string)view["state"]!, (string)view["phase"]!, (int)view["migrated"]!, (int)view["failed_count"]!, (int)view["total"]!);
        Assert.True(migrated >= ((int?)before?["migrated"] ?? 0) && total >= ((int?)before?["total"] ?? 0), $"Backwards: from {before} to {view}");
        Assert.Equal(failed, view["failed"]!.AsArray().Count);
        Assert.True(total <= _total && migrated + failed <= total, view.ToJsonString());
        // The total is final once all have been looked up, and it is completed only when everybody is accounted for.
        if (phase is "migrate" or "retire" or "done") Assert.Equal(_total, total);
        if (phase is "retire" or "done" || state == "completed") Assert.Equal(_total, migrated + failed);
        Assert.True(state is "running" or "completed", view.ToJsonString());
        Assert.Equal(state == "completed", view["finished_at"] is not null);
        if (AlreadyMoved == 0 && migrated > 0) Assert.True(migrated <= await MovedAsync(view, migrated), $"The interface says {migrated}, the chain {_moved} before block {_nextBlock}.");
    }

    /// <summary>How many the chain shows as moved now. Found short of what is expected, they are counted again for two seconds: anvil names a block a moment before it gives out its logs.</summary>
    private async Task<int> MovedAsync(JsonNode view, int expected)
    {
        Assert.True(EthereumAddress.TryParse((string?)view["reputation_address"], out var contract));
        await _chain.WaitAsync();
        try
        {
            for (var tries = 0; ; tries++)
            {
                Assert.True((await _anvil.Rpc.BlockNumberAsync()).TryGet(out var head, out var error), error?.Text);
                if (head >= _nextBlock) (_moved, _nextBlock) = (_moved + await CountAsync(contract, _nextBlock, head), head + 1);
                if (_moved < expected) _moved = await CountAsync(contract, 0, _nextBlock - 1);
                if (_moved >= expected || tries == 20) return _moved;
                await Task.Delay(100);
            }
        }
        finally
        {
            _chain.Release();
        }
    }

    private async Task<int> CountAsync(EthereumAddress contract, ulong from, ulong to)
    {
        Assert.True((await _anvil.Rpc.LogsAsync(contract, ReputationV2Abi.UserMigrated.Topic, from, to)).TryGet(out var logs, out var error), error?.Text);
        return logs.Length;
    }
}
