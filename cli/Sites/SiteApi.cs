using System.Text.Json;
using System.Text.Json.Serialization;
using Pbts.Cli.Commands;
using Pbts.Peer;

namespace Pbts.Cli.Sites;

/// <summary>The native interface, called until it answers: each of its calls may be made twice.</summary>
internal sealed class SiteApi(TrackerClient client, Action<string> say)
{
    private const int Tries = 12;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Puts rows; gives what came of each where the answer says it.</summary>
    public async Task<IReadOnlyList<string>> PutAsync<T>(string kind, IReadOnlyList<T> rows, CancellationToken cancellationToken)
    {
        var answer = await CallAsync(() => client.PutAsync($"api/v1/{kind}", Body(kind.Replace("freeleech-", "", StringComparison.Ordinal), rows), cancellationToken), cancellationToken).ConfigureAwait(false);
        return answer.TryGetProperty("results", out var results) ? [.. results.EnumerateArray().Select(result => result.GetProperty("status").GetString()!)] : [];
    }

    /// <summary>Adds history; gives how many rows were new.</summary>
    public async Task<long> AddHistoryAsync(IReadOnlyList<ImportHistory> rows, CancellationToken cancellationToken) =>
        (await CallAsync(() => client.PostAsync("api/v1/history", Body("entries", rows), cancellationToken), cancellationToken).ConfigureAwait(false)).GetProperty("added").GetInt64();

    public Task FeatureAsync(string infoHash, CancellationToken cancellationToken) =>
        CallAsync(() => client.PutAsync($"api/v1/torrents/{infoHash}/featured", new { featured = true }, cancellationToken), cancellationToken);

    public Task SetFreeleechAsync(string userId, long until, CancellationToken cancellationToken) =>
        CallAsync(() => client.PutAsync($"api/v1/members/{Uri.EscapeDataString(userId)}/freeleech", new { until }, cancellationToken), cancellationToken);

    /// <summary>All there are of a kind that is small.</summary>
    public async Task<IReadOnlySet<T>> GetAsync<T>(string kind, CancellationToken cancellationToken) =>
        (await CallAsync(() => client.GetAsync($"api/v1/{kind}", cancellationToken), cancellationToken).ConfigureAwait(false)).GetProperty(kind).Deserialize<HashSet<T>>(Names)!;

    /// <summary>Registers a torrent; gives why it was refused.</summary>
    public async Task<string?> PublishAsync(byte[] file, CancellationToken cancellationToken)
    {
        var result = await RepeatAsync(() => client.PublishAsync(file, cancellationToken), cancellationToken).ConfigureAwait(false);
        return result.Error;
    }

    private static byte[] Body<T>(string name, IReadOnlyList<T> rows) => JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, IReadOnlyList<T>> { [name] = rows }, Names);

    private async Task<JsonElement> CallAsync(Func<Task<ApiResult>> call, CancellationToken cancellationToken)
    {
        var result = await RepeatAsync(call, cancellationToken).ConfigureAwait(false);
        return result is { IsSuccess: true, Body: { } body } ? body : throw new SiteException(result.IsUnreachable ? ExitCodes.Unreachable : ExitCodes.Refused, result.Error ?? "the tracker's answer is no JSON");
    }

    private async Task<ApiResult> RepeatAsync(Func<Task<ApiResult>> call, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var result = await call().ConfigureAwait(false);
            if (tries == Tries || !(result.IsUnreachable || result.Status is 429 or >= 500))
                return result;
            var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, Math.Pow(2, tries - 1)));
            // A tracker lets one caller do so much a second: that is how fast it goes.
            if (result.Status != 429)
                say($"{result.Error}; again in {pause.TotalSeconds:0} s");
            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
        }
    }
}
