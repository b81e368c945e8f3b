using System.Net;
using System.Text;
using Pbts.Local.Processes;
using Pbts.Peer;
using Pbts.Tracker.Tests.Peers;

namespace Pbts.Tracker.Tests.Gate;

/// <summary>A tracker that answers announces as a test wants, and gates of this process before it.</summary>
internal sealed class ScriptedNode : IAsyncDisposable
{
    private readonly ScriptedTracker _tracker;
    private readonly MemberIdentity _identity = MemberIdentity.Generate();
    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-gate").FullName;

    public ScriptedNode() => _tracker = new ScriptedTracker(target => target.StartsWith("/health", StringComparison.Ordinal)
        ? (200, Encoding.ASCII.GetBytes($"{{\"instance_id\": \"{Instance}\"}}"))
        : target.StartsWith("/report", StringComparison.Ordinal) ? (503, [])
        : (Answer.Status, Encoding.Latin1.GetBytes(Answer.Body)));

    /// <summary>The id that vouchers are for.</summary>
    public const string Instance = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    /// <summary>What it says to announces, a character a byte.</summary>
    public (int Status, string Body) Answer { get; set; } = (200, "d8:intervali1800e5:peers0:e");

    public IReadOnlyCollection<string> Targets => _tracker.Targets;

    public MemberIdentity Identity => _identity;

    public List<string> Log { get; } = [];

    public Task<VoucherGate> StartGateAsync(Func<GateOptions, GateOptions>? change = null)
    {
        var options = new GateOptions
        {
            Identity = _identity, UserId = "bob", Tracker = _tracker.Url, Listen = new IPEndPoint(IPAddress.Loopback, Ports.Free()), PeerAddress = IPAddress.Loopback,
            StateFolder = Path.Combine(_folder, "state"),
            Log = line =>
            {
                lock (Log)
                    Log.Add(line);
            },
        };
        return VoucherGate.StartAsync(change is null ? options : change(options));
    }

    public ValueTask DisposeAsync()
    {
        _tracker.Dispose();
        _identity.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
