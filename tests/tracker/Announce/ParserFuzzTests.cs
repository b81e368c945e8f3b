using System.Net;
using System.Text;
using CsCheck;
using Pbts.Api.Announce;
using Pbts.Api.Callers;

namespace Pbts.Tracker.Tests.Announce;

/// <summary>Whatever bytes come in, the parsers answer; they never throw.</summary>
public sealed class ParserFuzzTests
{
    private static readonly string[] Fragments =
    [
        "info_hash=", "peer_id=", "port=", "left=", "uploaded=", "downloaded=", "event=", "numwant=", "compact=", "key=", "ip=", "ipv6=", "user_id=", "signature=",
        "&", "=", "?", "/", ";", "+", "%", "%0", "%zz", "%00", "%ff", "-1", "0", "6881", "65536", "18446744073709551616", "started", "stopped", "aaaaaaaaaaaaaaaaaaaa",
        "-XX0001-000000000001", "GET ", " HTTP/1.1", "\r\n", "\n", "Host: x", "X-Forwarded-For: 1.2.3.4", "Connection: close", "Content-Length: 5", "/announce", "/scrape", "::1", ",",
    ];

    private static readonly Gen<byte[]> Input = Gen.Frequency(
        (1, Gen.Byte.Array[0, 200]),
        (3, Gen.OneOf(Gen.Int[0, Fragments.Length - 1].Select(i => Encoding.Latin1.GetBytes(Fragments[i])), Gen.Byte.Array[0, 4]).Array[0, 30].Select(parts => parts.SelectMany(part => part).ToArray())));

    [Fact]
    public void No_query_makes_the_announce_parser_throw()
    {
        var accepted = 0;
        Input.Sample(
            bytes =>
            {
                var error = AnnounceQuery.Parse(bytes, out var query);
                if (error is null)
                {
                    Assert.InRange((int)query.Port, 1, 65535);
                    Interlocked.Increment(ref accepted);
                }
            },
            iter: 200_000, seed: "0N0XIzNsQ0O2");
    }

    [Fact]
    public void A_valid_query_with_one_damaged_place_is_read_or_refused()
    {
        var valid = "info_hash=%124Vx%9A%BC%DE%F1%23Eg%89%AB%CD%EF%124Vx%9A&peer_id=-XX0001-000000000001&port=6881&uploaded=0&downloaded=0&left=5&event=started&numwant=50&key=ab%ff"u8.ToArray();
        var (accepted, refused) = (0, 0);
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte, Gen.Int[0, 2]).Sample(
            (place, value, how) =>
            {
                byte[] damaged = how switch
                {
                    0 => [.. valid[..place], value, .. valid[(place + 1)..]],
                    1 => [.. valid[..place], .. valid[(place + 1)..]],
                    _ => [.. valid[..place], value, .. valid[place..]],
                };
                if (AnnounceQuery.Parse(damaged, out _) is null)
                    Interlocked.Increment(ref accepted);
                else
                    Interlocked.Increment(ref refused);
            },
            iter: 200_000, seed: "0N0XIzNsQ0O2");
        Assert.True(accepted > 10_000 && refused > 10_000, $"{accepted} accepted, {refused} refused");
    }

    [Fact]
    public void No_head_or_target_makes_the_request_parsers_throw()
    {
        var resolver = new ClientAddressResolver(Microsoft.Extensions.Options.Options.Create(new Pbts.Hosting.Configuration.TrackerOptions { TrustedProxies = { "0.0.0.0/0" } }),
            TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<ClientAddressResolver>.Instance);
        Input.Sample(
            bytes =>
            {
                var end = RequestHead.FindEnd(bytes);
                Assert.InRange(end, -1, bytes.Length);
                if (RequestHead.TryParse(bytes, out var head))
                {
                    TrackerRoute.Parse(head.Target);
                    resolver.TryResolve(IPAddress.Loopback, head.ForwardedFor, head.RealIp);
                }

                TrackerRoute.Parse(bytes);
                TrackerRoute.ParseUrlData(bytes);
                TrackerRoute.LooksLikeClients(bytes);
                resolver.TryResolve(IPAddress.Loopback, bytes, bytes);
            },
            iter: 200_000, seed: "0N0XIzNsQ0O2");
    }
}
