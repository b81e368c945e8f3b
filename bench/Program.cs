using Pbts.Bench;

switch (args)
{
    case ["verify", .. var rest]:
        VerifyBenchmark.Run(Arguments.Parse(rest));
        return 0;
    case ["report", .. var rest]:
        return await ReportBenchmark.RunAsync(Arguments.Parse(rest));
    case ["udp", .. var rest]:
        UdpLoad.Run(Arguments.Parse(rest));
        return 0;
    case ["memory", .. var rest]:
        return await MemoryBenchmark.RunAsync(Arguments.Parse(rest));
    case ["soak", .. var rest]:
        return await SoakBenchmark.RunAsync(Arguments.Parse(rest));
    case ["overload", .. var rest]:
        return await OverloadBenchmark.RunAsync(Arguments.Parse(rest));
    case ["locality", .. var rest]:
        return await LocalityBenchmark.RunAsync(Arguments.Parse(rest));
    default:
        await Console.Error.WriteLineAsync("usage: verify [--receipts 50] [--seconds 4] | report --url URL [--receipts 50] [--receivers 5] [--reports 300] [--parallel 4] | udp --port PORT --hashes FILE [--peers 100] [--numwant 50] [--sockets 16] [--window 4] [--seconds 8] | memory, soak, overload, locality: see bench/cluster.sh");
        return 2;
}
