using Pbts.Protocol.Storage;
using Pbts.Protocol.Torrents;

namespace Pbts.Peer.Gate;

/// <summary>A folder whose torrents are copied, naming the gate, to the folder <c>gate</c> in it: where the client is told to look.</summary>
/// <param name="folder">The folder.</param>
/// <param name="announceUrl">The gate.</param>
/// <param name="log">Told of each.</param>
internal sealed class WatchedFolder(string folder, string announceUrl, Action<string> log)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, DateTime> _seen = [];

    /// <summary>Looks every two seconds, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                Look();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log($"--watch {folder}: {e.Message}");
            }

            await Task.Delay(Every, cancellationToken).ConfigureAwait(false);
        }
    }

    private void Look()
    {
        var copies = Directory.CreateDirectory(Path.Combine(folder, "gate")).FullName;
        foreach (var path in Directory.GetFiles(folder, "*.torrent"))
        {
            var written = File.GetLastWriteTimeUtc(path);
            // A file that is being written is looked at again when that has ended.
            if (_seen.TryGetValue(path, out var known) && known == written)
                continue;
            _seen[path] = written;
            if (!TorrentRewriter.TryRewrite(BoundedFile.Read(path, TorrentListing.MaxFile), announceUrl, out var copy, out var error))
            {
                log($"{path}: {error}");
                continue;
            }

            var target = Path.Combine(copies, Path.GetFileName(path));
            if (File.Exists(target) && File.ReadAllBytes(target).AsSpan().SequenceEqual(copy))
                continue;
            // It names the gate's secret.
            using (var file = PrivateFile.Open($"{target}.new", FileMode.Create))
                file.Write(copy);
            File.Move($"{target}.new", target, overwrite: true);
            log($"{path}: the copy for the client is {target}");
        }
    }
}
