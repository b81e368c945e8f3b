using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Pbts.Bench;

/// <summary>The memory of a tracker's process, and its metrics.</summary>
/// <param name="metrics">Where it serves them.</param>
internal sealed class WatchedProcess(int pid, Uri metrics) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Bytes of memory the process occupies.</summary>
    public long ResidentBytes => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1024;

    /// <summary>Bytes of the managed heap after its last collection, without the gaps in it.</summary>
    public async Task<double> HeapBytesAsync() =>
        await SumAsync("dotnet_gc_last_collection_heap_size_bytes") - await SumAsync("dotnet_gc_last_collection_heap_fragmentation_size_bytes");

    /// <summary>The sum of a metric over all labels that contain <paramref name="label"/>; 0 when there is none.</summary>
    public async Task<double> SumAsync(string name, string label = "") => (await _http.GetStringAsync(metrics)).Split('\n')
        .Where(line => line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] is '{' or ' ' && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ').First(part => part.Length > 0 && !part.StartsWith(name, StringComparison.Ordinal)), CultureInfo.InvariantCulture));

    /// <summary>Each value of a label with what the metric says of it, where that is not 0.</summary>
    public async Task<IReadOnlyList<string>> LabelledAsync(string name, string label) => [.. (await _http.GetStringAsync(metrics)).Split('\n')
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal))
        .Select(line => $"{line.Split($"{label}=\"")[1].Split('"')[0]} {line[(line.LastIndexOf(' ') + 1)..]}")];

    /// <summary>
    /// Has the process collect its garbage, as .NET's own tools do: an event session (diagnostics IPC protocol, EventPipe
    /// "CollectTracing") with the runtime's keyword GCHeapCollect.
    /// </summary>
    public async Task CollectAsync()
    {
        var before = await SumAsync("dotnet_gc_collections_total", "gen2");
        // A process that was killed leaves its socket behind, and another comes to have its number.
        var path = Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{pid}-*-socket").MaxBy(File.GetCreationTimeUtc)!;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        await socket.SendAsync(StartSession("Microsoft-Windows-DotNETRuntime", 0x800000));
        await Task.Delay(1000);
        for (var tries = 0; await SumAsync("dotnet_gc_collections_total", "gen2") <= before; tries++)
        {
            if (tries > 60)
                throw new InvalidOperationException("The process did not collect its garbage.");
            await Task.Delay(500);
        }
    }

    public void Dispose() => _http.Dispose();

    private static byte[] StartSession(string provider, ulong keywords)
    {
        using var payload = new MemoryStream();
        using (var writer = new BinaryWriter(payload, Encoding.Unicode, leaveOpen: true))
        {
            writer.Write(4); // MiB of buffer
            writer.Write(1); // format: nettrace
            writer.Write(1); // providers
            writer.Write(keywords);
            writer.Write(4); // level: informational
            Text(writer, provider);
            Text(writer, "");
        }

        using var message = new MemoryStream();
        using var header = new BinaryWriter(message);
        header.Write("DOTNET_IPC_V1\0"u8);
        header.Write((ushort)(20 + payload.Length));
        header.Write((byte)2); // command set EventPipe
        header.Write((byte)2); // CollectTracing
        header.Write((ushort)0);
        header.Write(payload.ToArray());
        return message.ToArray();

        static void Text(BinaryWriter writer, string text)
        {
            writer.Write(text.Length + 1);
            writer.Write(Encoding.Unicode.GetBytes(text + '\0'));
        }
    }
}
