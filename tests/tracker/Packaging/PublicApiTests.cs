using System.Reflection;
using System.Runtime.CompilerServices;
using Pbts.Local;
using Pbts.Peer;

namespace Pbts.Tracker.Tests.Packaging;

/// <summary>What programs may build on is small, and said.</summary>
public sealed class PublicApiTests
{
    [Fact]
    public void Every_public_type_of_the_peer_is_in_its_README()
    {
        var readme = File.ReadAllText(Path.Combine(Clone.Root, "peer", "README.md"));
        var types = typeof(TorrentPeer).Assembly.GetExportedTypes();
        Assert.Equal(14, types.Length);
        Assert.All(types, type => Assert.Contains($"`{type.Name}`", readme, StringComparison.Ordinal));
        Assert.All(types, type => Assert.Equal("Pbts.Peer", type.Namespace));
    }

    [Theory]
    [InlineData("Pbts.Peer")]
    [InlineData("Pbts.Cli")]
    public void Only_tests_look_inside(string assembly) =>
        Assert.Equal(["Pbts.Tracker.Tests"], Assembly.Load(assembly).GetCustomAttributes<InternalsVisibleToAttribute>().Select(friend => friend.AssemblyName));
}
