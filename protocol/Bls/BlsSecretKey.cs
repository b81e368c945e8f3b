using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Pbts.Protocol.Bls.Curve;

namespace Pbts.Protocol.Bls;

/// <summary>
/// A secret key: an integer 1 &lt;= sk &lt; r, 32 bytes big endian. A class, so that it exists once and can be wiped;
/// the garbage collector may still have left copies behind if it moved the array, which managed code cannot prevent.
/// </summary>
public sealed class BlsSecretKey : IDisposable
{
    /// <summary>Length in bytes.</summary>
    public const int Size = Scalar.Size;

    // Pinned: moved arrays leave their old bytes in memory.
    private readonly byte[] bytes = GC.AllocateArray<byte>(Size, pinned: true);

    private BlsSecretKey(ReadOnlySpan<byte> source) => source.CopyTo(bytes);

    /// <summary>Takes 32 bytes, big endian; false for any other length, for zero and for values from r up.</summary>
    public static bool TryParse(ReadOnlySpan<byte> source, [NotNullWhen(true)] out BlsSecretKey? key)
    {
        key = Scalar.IsValid(source) ? new BlsSecretKey(source) : null;
        return key is not null;
    }

    /// <summary>A new random key: KeyGen from 32 bytes of the system's generator.</summary>
    public static BlsSecretKey Generate()
    {
        Span<byte> material = stackalloc byte[32];
        RandomNumberGenerator.Fill(material);
        Bls.TryKeyGen(material, [], out BlsSecretKey? key);
        CryptographicOperations.ZeroMemory(material);
        return key!;
    }

    /// <summary>Writes the 32 secret bytes, to store them.</summary>
    public void CopyTo(Span<byte> destination) => bytes.CopyTo(destination);

    /// <summary>Never the key.</summary>
    public override string ToString() => nameof(BlsSecretKey);

    /// <summary>Overwrites the key; it must not be used afterwards.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(bytes);

    internal ReadOnlySpan<byte> AsSpan() => bytes;
}
