using Pbts.Cli.Commands;

return await PbtsCommand.RunAsync(args, Console.Out, Console.Error);
