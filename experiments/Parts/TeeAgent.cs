using Pbts.Protocol.Dstack;

namespace Pbts.Experiments.Parts;

/// <summary>The dstack agent of the machine, when there is one.</summary>
internal static class TeeAgent
{
    /// <summary>A client, or why there is none; and what to say of figures that come from a simulator.</summary>
    public static async Task<(DstackClient? Client, string? Problem, string? Note)> FindAsync(Settings settings)
    {
        var client = new DstackClient(settings.Agent, TimeSpan.FromSeconds(10));
        var info = await client.InfoAsync(CancellationToken.None);
        if (info.Problem is null)
            return (client, null, settings.Agent.Length > 0 ? "from the agent DSTACK_SIMULATOR_ENDPOINT names: a simulator says nothing of a real TEE" : null);
        client.Dispose();
        return (null, $"no TEE: {info.Problem} (this machine is not a TDX guest with dstack, or its socket is elsewhere)", null);
    }
}
