using System.Net;
using Pbts.Protocol.Receipts;

namespace Pbts.Peer.Gate;

/// <summary>
/// Brings vouchers to peers that have not acknowledged them and are not connected: where both clients are done they would not
/// meet again. Used by one thread.
/// </summary>
/// <param name="run">Calls a peer and exchanges vouchers with it.</param>
/// <param name="clock">Clock.</param>
internal sealed class GateErrands(Func<GateTorrent, IPEndPoint, Task> run, TimeProvider clock)
{
    private const int MostAtOnce = 4;

    /// <summary>Peers whose last call is remembered, of all torrents.</summary>
    private const int MostRemembered = 10_000;

    /// <summary>The client is to have the time to meet the peer itself.</summary>
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly Dictionary<(InfoHash Torrent, IPEndPoint Peer), (long Since, TimeSpan Pause)> _calls = [];
    private int _underWay;

    /// <summary>Every second: calls who is to be called now.</summary>
    public void Watch(GateTorrent torrent)
    {
        foreach (var peer in torrent.ToCall())
        {
            var call = (torrent.InfoHash, peer);
            if (!_calls.TryGetValue(call, out var last))
            {
                if (_calls.Count >= MostRemembered)
                    _calls.Clear();
                _calls[call] = (clock.GetTimestamp(), First);
            }
            else if (clock.GetElapsedTime(last.Since) > last.Pause && Volatile.Read(ref _underWay) < MostAtOnce)
            {
                _calls[call] = (clock.GetTimestamp(), last.Pause * 2 < Longest ? last.Pause * 2 : Longest);
                Interlocked.Increment(ref _underWay);
                _ = RunAsync(torrent, peer);
            }
        }
    }

    private async Task RunAsync(GateTorrent torrent, IPEndPoint peer)
    {
        try
        {
            await run(torrent, peer).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The gate ends.
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
