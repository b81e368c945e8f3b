namespace Pbts.Api.Udp;

/// <summary>The action numbers of BEP 15, the same in requests and answers.</summary>
internal static class UdpAction
{
    public const uint Connect = 0;
    public const uint Announce = 1;
    public const uint Scrape = 2;
    public const uint Error = 3;
}
