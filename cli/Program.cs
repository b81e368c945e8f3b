Console.WriteLine("pbts");
