using Pbts.Bench;

switch (args)
{
    case ["verify", .. var rest]:
        VerifyBenchmark.Run(Arguments.Parse(rest));
        return 0;
    case ["report", .. var rest]:
        return await ReportBenchmark.RunAsync(Arguments.Parse(rest));
    case ["transfer", .. var rest]:
        return await TransferBenchmark.RunAsync(Arguments.Parse(rest));
    case ["udp", .. var rest]:
        UdpLoad.Run(Arguments.Parse(rest));
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: verify [--receipts 50] [--seconds 4] | report --url URL [--receipts 50] [--receivers 5] [--reports 300] [--parallel 4] | transfer --url URL --cli Pbts.Cli.dll [--quick yes] [--json FILE] | udp --port PORT --hashes FILE [--peers 100] [--numwant 50] [--sockets 16] [--window 4] [--seconds 8]");
        return 2;
}
