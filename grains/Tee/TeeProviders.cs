using Microsoft.Extensions.Options;
using Pbts.GrainInterfaces.Settings;
using Pbts.Grains.Settings;
using Pbts.Hosting.Configuration;
using Pbts.Protocol.Dstack;

namespace Pbts.Grains.Tee;

/// <summary>The provider of the mode in force, which <c>POST /config</c> changes on every silo at once.</summary>
internal sealed class TeeProviders(IOptions<TeeOptions> options, SettingsStore settings) : IDisposable
{
    private readonly DstackClient _client = new(options.Value.Endpoint, TimeSpan.FromSeconds(options.Value.TimeoutSeconds));
    private readonly DisabledTee _disabled = new();

    public async ValueTask<(TeeMode Mode, ITeeProvider Provider)> CurrentAsync()
    {
        var mode = (await settings.GetAsync()).Mode;
        return (mode, For(mode));
    }

    public ITeeProvider For(TeeMode mode) => mode switch
    {
        TeeMode.Enabled => new DstackTee(_client, derivesByDefault: true),
        TeeMode.Benchmark => new DstackTee(_client, derivesByDefault: false),
        _ => _disabled,
    };

    public void Dispose() => _client.Dispose();
}
