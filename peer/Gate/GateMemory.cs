using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Protocol.Storage;

namespace Pbts.Peer.Gate;

/// <summary>
/// What a gate must find again after it was ended or killed, or its client would have to be set up anew: the secret of its
/// announce URL, its ports, the torrents and their doors. A file of its owner's only.
/// </summary>
internal sealed record GateMemory
{
    /// <summary>Name of the file in the state folder.</summary>
    public const string FileName = "gate.json";

    private const int MaxLength = 64 << 20;

    /// <summary>Who may announce: it is in the announce URL.</summary>
    public required string Secret { get; init; }

    /// <summary>Where it listens for the client: address and port.</summary>
    public string Listen { get; init; } = "";

    /// <summary>The tracker.</summary>
    public string? Instance { get; init; }

    /// <summary>The port of the doors.</summary>
    public int DoorPort { get; init; }

    /// <summary>Where peers call.</summary>
    public int PeerPort { get; init; }

    /// <summary>The client's torrents.</summary>
    public IReadOnlyList<Torrent> Torrents { get; init; } = [];

    /// <summary>What was found, or the beginning.</summary>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    public static GateMemory Load(string stateFolder)
    {
        var path = Path.Combine(stateFolder, FileName);
        if (!File.Exists(path))
            return new GateMemory { Secret = RandomNumberGenerator.GetHexString(32, lowercase: true) };
        try
        {
            return JsonSerializer.Deserialize<GateMemory>(BoundedFile.Read(path, MaxLength)) is { Secret.Length: 32 } known
                ? known
                : throw new IOException($"{path}: is not a gate's; remove it, and set the client up anew");
        }
        catch (JsonException e)
        {
            throw new IOException($"{path}: {e.Message}; remove it, and set the client up anew", e);
        }
    }

    /// <summary>Writes it in one step.</summary>
    public void Save(string stateFolder)
    {
        var path = Path.Combine(stateFolder, FileName);
        using (var file = PrivateFile.Open($"{path}.new", FileMode.Create))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(this));
            file.Flush(flushToDisk: true);
        }

        File.Move($"{path}.new", path, overwrite: true);
    }

    /// <summary>Says nothing: there is the secret among it.</summary>
    public override string ToString() => nameof(GateMemory);

    /// <summary>One torrent.</summary>
    /// <param name="InfoHash">In hexadecimal.</param>
    /// <param name="Query">What the client announced last.</param>
    /// <param name="ClientPort">Where it listens.</param>
    /// <param name="ClientUser">Whose it is.</param>
    /// <param name="Doors">Number and peer of each door.</param>
    internal sealed record Torrent(string InfoHash, string Query, int ClientPort, int? ClientUser, IReadOnlyList<Door> Doors);

    /// <summary>A door.</summary>
    /// <param name="Number">Its last two numbers.</param>
    /// <param name="Peer">Address and port.</param>
    internal sealed record Door(int Number, string Peer);
}
