using System.Net;
using System.Text.Json.Nodes;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Chaos;

/// <summary>
/// One member and those who join all the time to take something from it: each signs vouchers for ever more of one session,
/// which are reported until the tracker has said that they count.
/// </summary>
internal sealed class VoucherLoad : IDisposable
{
    private const long Step = 1000;
    private const int Steps = 10;

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _tracker;
    private readonly InstanceId _instance;
    private readonly Member _sender;
    private readonly List<Member> _receivers = [];
    private Task _running = Task.CompletedTask;

    private VoucherLoad(HttpClient tracker, InstanceId instance, Member sender) => (_tracker, _instance, _sender) = (tracker, instance, sender);

    /// <summary>What the tracker has said it has credited, in bytes.</summary>
    public long Acknowledged { get; private set; }

    public int Receivers => _receivers.Count;

    public static async Task<VoucherLoad> CreateAsync(HttpClient tracker) =>
        new(tracker, InstanceId.From(Convert.FromHexString(await tracker.InstanceIdAsync())), await Member.RegisteredAsync(tracker, "voucher-sender"));

    public void Start() => _running = Task.Run(async () =>
    {
        while (!_stop.IsCancellationRequested)
        {
            var receiver = new Member("voucher-receiver");
            await RepeatAsync(async () => (await receiver.RegisterAsync(_tracker)).Status == HttpStatusCode.OK);
            _receivers.Add(receiver);
            for (var step = 1; step <= Steps; step++)
            {
                var voucher = receiver.Voucher(_instance, _sender, receiver.UserId, step * Step);
                await RepeatAsync(() => IsCreditedAsync(voucher));
                Acknowledged += Step;
                await Task.Delay(100);
            }
        }
    });

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromMinutes(2));
    }

    /// <summary>What was given and what was taken: both are to be what was acknowledged.</summary>
    public async Task<(long Uploaded, long Downloaded)> TotalsAsync()
    {
        var downloaded = 0L;
        foreach (var receiver in _receivers)
            downloaded += (await receiver.TotalsAsync(_tracker)).Downloaded;
        return ((await _sender.TotalsAsync(_tracker)).Uploaded, downloaded);
    }

    public void Dispose() => _stop.Dispose();

    private async Task<bool> IsCreditedAsync(JsonObject voucher)
    {
        var (status, answer) = await _sender.ReportVouchersAsync(_tracker, voucher);
        return status == HttpStatusCode.OK && (string?)answer["voucher_results"]?[0]?["status"] is "accepted" or "duplicate";
    }

    private static async Task RepeatAsync(Func<Task<bool>> attempt)
    {
        while (!await SucceedsAsync())
            await Task.Delay(200);

        async Task<bool> SucceedsAsync()
        {
            try
            {
                return await attempt();
            }
            catch (Exception e) when (e is HttpRequestException or InvalidOperationException or OperationCanceledException)
            {
                return false;
            }
        }
    }
}
