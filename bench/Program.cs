using Pbts.Bench;

switch (args)
{
    case ["verify", .. var rest]:
        await VerifyBenchmark.RunAsync(Arguments.Parse(rest));
        return 0;
    case ["members", .. var rest]:
        return await Members.RunAsync(Arguments.Parse(rest));
    case ["inner", .. var rest]:
        return InnerLoops.Run(Arguments.Parse(rest));
    case ["report", .. var rest]:
        return await ReportBenchmark.RunAsync(Arguments.Parse(rest));
    case ["vouchers", .. var rest]:
        return await VoucherBenchmark.RunAsync(Arguments.Parse(rest));
    case ["transfer", .. var rest]:
        return await TransferBenchmark.RunAsync(Arguments.Parse(rest));
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
        await Console.Error.WriteLineAsync("usage: verify | report | vouchers | inner | transfer | udp | members | memory | soak | overload | locality; ./pbts bench runs each against a tracker of its own, see bench/*.sh for the options");
        return 2;
}
