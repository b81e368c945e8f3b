using Pbts.Local;

namespace Pbts.Tracker.Tests.Local;

/// <summary>What <c>./pbts up</c> and its kin take.</summary>
public sealed class LocalOptionsTests
{
    [Fact]
    public void Values_follow_a_space_or_an_equals_sign()
    {
        var options = LocalOptions.Parse(["--port=8001", "--host", "[::1]", "--silos", "2", "--apis=3", "--https", "8443", "--no-chain", "-d", "--json", "--data", "/tmp/x/../y"]);
        Assert.Equal((8001, 8443, "::1", 2, 3, false, true, true, "/tmp/y"), (options.Port, options.Https, options.Host, options.Silos, options.Apis, options.Chain, options.Detach, options.Json, options.Data));
    }

    [Theory]
    [InlineData("--port must be a number from 1 to 65535, not 0", "--port", "0")]
    [InlineData("--port must be a number from 1 to 65535, not 65536", "--port", "65536")]
    [InlineData("--https must be a number from 1 to 65535, not yes", "--https", "yes")]
    [InlineData("--silos must be a number from 1 to 64, not many", "--silos", "many")]
    [InlineData("--apis must be a number from 1 to 64, not -1", "--apis=-1")]
    [InlineData("--clone: /no/clone is no clone of PBTS", "--clone", "/no/clone/")]
    [InlineData("--port needs a value", "--port")]
    [InlineData("--data needs a value", "--data=")]
    [InlineData("unknown option --prot (./pbts help lists them)", "--prot", "1")]
    [InlineData("--host: not an address: a b", "--host", "a b")]
    [InlineData("--data: no spaces, quotes, ; or | in the folder's name, please", "--data", "a;b")]
    public void What_is_wrong_is_named(string problem, params string[] arguments) =>
        Assert.Equal(problem, Assert.Throws<LocalException>(() => LocalOptions.Parse(arguments)).Message);
}
