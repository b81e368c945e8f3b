using Pbts.Cli;

return await PbtsCommand.RunAsync(args, Console.Out, Console.Error);
