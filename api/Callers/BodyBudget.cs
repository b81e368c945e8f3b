using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Options;
using Pbts.Hosting.Configuration;
using Pbts.Hosting.Metrics;

namespace Pbts.Api.Callers;

/// <summary>
/// The memory that request bodies may take, of each caller and of all together, charged as they come in. A caller gets at
/// most half of what is left, so that those who come later always find something.
/// </summary>
internal sealed class BodyBudget
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, long> _callers = [];
    private readonly long _most;
    private readonly long _mostOfCaller;
    private long _used;

    public BodyBudget(IOptions<LimitsOptions> options, IMeterFactory meters)
    {
        _most = options.Value.BodyBytes;
        _mostOfCaller = options.Value.BodyBytesPerAddress;
        meters.Create(Telemetry.Name).CreateObservableUpDownCounter("pbts.body.bytes", () => Volatile.Read(ref _used), "By", "Memory that request bodies under way take.");
    }

    /// <summary>Callers that have bodies under way: of others nothing is kept.</summary>
    public int Callers
    {
        get
        {
            lock (_lock)
                return _callers.Count;
        }
    }

    /// <summary>An account for one body.</summary>
    /// <param name="most">Bytes it may have. Where that is more than an address gets, its caller has shown who it is, and gets so much.</param>
    public Account Open(IPAddress caller, long most) => new(this, RateLimiter.KeyOf(caller), Math.Max(_mostOfCaller, most));

    private bool TryTake(ulong caller, long bytes, long most)
    {
        lock (_lock)
        {
            var held = _callers.GetValueOrDefault(caller) + bytes;
            if (held > Math.Min(most, (_most - _used) / 2))
                return false;
            _callers[caller] = held;
            _used += bytes;
            return true;
        }
    }

    private void Return(ulong caller, long bytes)
    {
        lock (_lock)
        {
            _used -= bytes;
            if (_callers[caller] == bytes)
                _callers.Remove(caller);
            else
                _callers[caller] -= bytes;
        }
    }

    /// <summary>What one body takes; given back when it is disposed of.</summary>
    internal sealed class Account(BodyBudget budget, ulong caller, long most) : IDisposable
    {
        private long _bytes;

        /// <summary>False when there is not so much left.</summary>
        public bool TryTake(long bytes)
        {
            if (!budget.TryTake(caller, bytes, most))
                return false;
            _bytes += bytes;
            return true;
        }

        public void Dispose()
        {
            if (_bytes > 0)
                budget.Return(caller, _bytes);
            _bytes = 0;
        }
    }
}
