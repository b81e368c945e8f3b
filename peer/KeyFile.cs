using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pbts.Protocol.Storage;

namespace Pbts.Peer;

/// <summary>A key pair on disk: JSON with base64 <c>private_key</c> (32 bytes) and <c>public_key</c> (48 bytes), readable by its owner only.</summary>
public static class KeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a new file; never replaces one, for a lost key is a lost reputation.</summary>
    /// <param name="path">Where.</param>
    /// <param name="identity">The key pair.</param>
    /// <param name="error">Why it was not written, with the path; empty when it was.</param>
    public static bool TryWrite(string path, MemberIdentity identity, out string error)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var content = new Content(Convert.ToBase64String(identity.ExportSecret()), Convert.ToBase64String(identity.PublicKey.Span));
        var created = false;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using var file = new FileStream(path, options);
            created = true;
            JsonSerializer.Serialize(file, content);
            file.WriteByte((byte)'\n');
            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Half a key is none, and in the way of the next try.
            if (created)
                File.Delete(path);
            error = created ? $"{path}: {e.Message}"
                : Directory.Exists(path) ? $"{path} is a folder; name the file to create in it"
                : File.Exists(path) ? $"{path} exists already; a key is never overwritten: take another name"
                : $"{path}: {e.Message}";
            return false;
        }
        error = "";
        return true;
    }

    /// <summary>Reads a file. The public key is recomputed; one that does not belong to the private key is an error.</summary>
    /// <param name="path">Where.</param>
    /// <param name="identity">The key pair, when <c>true</c>.</param>
    /// <param name="error">What is wrong with the file, with its path; empty when nothing is.</param>
    public static bool TryRead(string path, [NotNullWhen(true)] out MemberIdentity? identity, out string error)
    {
        identity = null;
        try
        {
            var content = JsonSerializer.Deserialize<Content>(BoundedFile.Read(path, BoundedFile.MaxKey));
            var secret = new byte[32];
            if (content?.PrivateKey is null || !Convert.TryFromBase64String(content.PrivateKey, secret, out var length) || length != 32
                || !MemberIdentity.TryFrom(secret, out identity))
            {
                error = $"{path}: private_key is not base64 of a 32-byte key";
                return false;
            }
            if (content.PublicKey is { } text && text != Convert.ToBase64String(identity.PublicKey.Span))
            {
                identity = null;
                error = $"{path}: public_key does not belong to private_key";
                return false;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            error = e is JsonException ? $"{path}: not a key file (JSON with private_key and public_key, as keygen writes it)"
                : File.Exists(path) ? $"{path}: {e.Message}" : $"{path}: there is no such key file; pbts keygen --out {path} makes one";
            return false;
        }
        error = "";
        return true;
    }

    /// <summary>Whether others than the owner may read, replace or run the file.</summary>
    public static bool IsExposed(string path) =>
        !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0;

    private sealed record Content(
        [property: JsonPropertyName("private_key")] string? PrivateKey,
        [property: JsonPropertyName("public_key")] string? PublicKey);
}
