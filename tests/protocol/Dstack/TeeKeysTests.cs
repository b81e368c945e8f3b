using Pbts.Protocol.Dstack;
using Pbts.Protocol.Ethereum;
using Signatures = Pbts.Protocol.Bls.Bls;

namespace Pbts.Protocol.Tests.Dstack;

public sealed class TeeKeysTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    /// <summary>9.G5: secret and path decide the key, and nothing else does.</summary>
    [Fact]
    public void G5_keys_are_deterministic()
    {
        using var first = TeeKeys.Bls(Secret, TeeKeys.PathOf("a"));
        using var same = TeeKeys.Bls(Secret, TeeKeys.PathOf("a"));
        using var other = TeeKeys.Bls(Secret, TeeKeys.PathOf("b"));
        Assert.Equal(Signatures.SkToPk(first).ToArray(), Signatures.SkToPk(same).ToArray());
        Assert.NotEqual(Signatures.SkToPk(first).ToArray(), Signatures.SkToPk(other).ToArray());
        Assert.Equal(TeeKeys.Ethereum(Secret, "x").Address, TeeKeys.Ethereum(Secret, "x").Address);
        Assert.NotEqual(TeeKeys.Ethereum(Secret, "x").Address, TeeKeys.Ethereum(Secret, "y").Address);
    }

    /// <summary>HKDF-SHA256(secret, salt PBTS-ETHEREUM-KEY, info path | 00), computed with another program, then its address.</summary>
    [Fact]
    public void The_Ethereum_key_is_the_documented_one()
    {
        Assert.True(EthereumPrivateKey.TryParse("9db5a7fe6670b1806c87e086484c77229472a66623270359fae086ea3722ef65", out var expected));
        Assert.Equal(expected.Address, TeeKeys.Ethereum(Secret, TeeKeys.EthereumPath).Address);
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("A-1_b.c", true)]
    [InlineData("", false)]
    [InlineData("a/b", false)]
    [InlineData("é", false)]
    public void Salts_cannot_leave_their_folder(string salt, bool good) => Assert.Equal(good, TeeKeys.IsSalt(salt));
}
