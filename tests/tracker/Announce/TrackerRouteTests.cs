using System.Text;
using Pbts.Api.Announce;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>One reader for all targets: what an announce URL seems to mean is what it means.</summary>
public sealed class TrackerRouteTests
{
    private const string Key = "0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("/announce", "Announce", null)]
    [InlineData("/announce?a=b", "Announce", null)]
    [InlineData("/announce/", "Announce", null)]
    [InlineData("//announce", "Announce", null)]
    [InlineData("/Announce", "Announce", null)]
    [InlineData("/Scrape/", "Scrape", null)]
    [InlineData("/%73crape", "Scrape", null)]
    [InlineData("/%73CRAP%45?info_hash=%61", "Scrape", null)]
    [InlineData("http://host:8000/announce?a=b", "Announce", null)]
    [InlineData("HTTPS://host/announce", "Announce", null)]
    [InlineData("http://host/announce/" + Key + "?x", "Announce", Key)]
    [InlineData("/announce/" + Key, "Announce", Key)]
    [InlineData("/announce/" + Key + "/", "Announce", Key)]
    [InlineData("/announce//" + Key, "Announce", Key)]
    [InlineData("//announce/" + Key, "Announce", Key)]
    [InlineData("//announce//" + Key + "//?x", "Announce", Key)]
    [InlineData("/" + Key + "/announce", "Announce", Key)]
    [InlineData("/" + Key + "/Scrape", "Scrape", Key)]
    [InlineData("//" + Key + "//announce", "Announce", Key)]
    [InlineData("/announce/%30123456789abcdef0123456789abcdef", "Announce", Key)]
    [InlineData("/announce%2F" + Key, "Announce", Key)]
    [InlineData("/announce/%zz", "Announce", "%zz")]
    [InlineData("/announce?passkey=" + Key, "Announce", Key)]
    [InlineData("/announce?x=1&passkey=%30123456789abcdef0123456789abcdef&y", "Announce", Key)]
    [InlineData("/announce?passkey=%zz", "Announce", "%zz")]
    [InlineData("/announce?passkey=&x", "Announce", null)]
    [InlineData("/announce?passkey", "Announce", null)]
    [InlineData("/announce?nopasskey=" + Key, "Announce", null)]
    [InlineData("/announce/" + Key + "?passkey=other", "Announce", Key)]
    [InlineData("/scrape?passkey=" + Key, "Scrape", Key)]
    [InlineData("/announce/a/b", "None", null)]
    [InlineData("/announce.php", "None", null)]
    [InlineData("/u/announce", "None", null)]
    [InlineData("/user/scrape", "None", null)]
    [InlineData("/health", "None", null)]
    [InlineData("announce", "None", null)]
    [InlineData("http://announce", "None", null)]
    [InlineData("", "None", null)]
    public void Targets_mean_what_they_seem_to_mean(string target, string action, string? passkey)
    {
        var route = TrackerRoute.Parse(Encoding.Latin1.GetBytes(target));
        Assert.Equal((action, passkey), ($"{route.Action}", route.Passkey));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("/", null)]
    [InlineData("?passkey=" + Key, Key)]
    [InlineData("/?passkey=" + Key, Key)]
    [InlineData("/announce//" + Key, Key)]
    public void Url_data_of_udp_is_read_alike_and_may_have_no_path(string data, string? passkey)
    {
        var route = TrackerRoute.ParseUrlData(Encoding.Latin1.GetBytes(data));
        Assert.Equal(("Announce", passkey), ($"{route.Action}", route.Passkey));
    }

    [Theory]
    [InlineData("/announce.php", true)]
    [InlineData("/announce/KEY/x", true)]
    [InlineData("/tracker/Announce/KEY", true)]
    [InlineData("/%61nnounce.php", true)]
    [InlineData("/?info_hash=x", true)]
    [InlineData("/user/bob", false)]
    [InlineData("/", false)]
    public void What_was_meant_for_the_tracker_is_told_from_the_rest(string target, bool meant) =>
        Assert.Equal(meant, TrackerRoute.LooksLikeClients(Encoding.Latin1.GetBytes(target)));

    [Fact]
    public void The_usual_targets_cost_no_memory()
    {
        var target = Encoding.Latin1.GetBytes("/announce?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-XX0001-000000000001&port=6881&left=0");
        TrackerRoute.Parse(target);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            TrackerRoute.Parse(target);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
