using Pbts.Experiments;

return await ExperimentsCommand.RunAsync(args, Console.Out, Console.Error);
