using System.Diagnostics;
using System.Globalization;

namespace Pbts.Mutants;

/// <summary>Tries mutants: each in a process of its own that runs those tests that come by it.</summary>
internal sealed class Measurement(string tree, string state, Plan plan, Area[] areas)
{
    /// <summary>Seconds that a process may take before its first test: a database, a node.</summary>
    private const double Begin = 30;

    /// <summary>Finds out which tests come by which mutants; false when time ran out.</summary>
    public bool Cover(Func<bool> isOver)
    {
        foreach (var test in areas.SelectMany(area => area.Files.Values).SelectMany(file => file.Tests).Distinct().Where(test => !plan.Classes.ContainsKey(test)))
        {
            if (isOver())
                return false;
            var seen = Directory.CreateTempSubdirectory("pbts-seen-").FullName;
            var (code, lines) = Run([test], 600, ("PBTS_MUTANTS_SEEN", Path.Combine(seen, "seen")));
            if (code != 0)
                throw new InvalidOperationException($"Without any mutant {test} ends with {code}: {string.Join('\n', lines.Where(line => !line.StartsWith("passed ", StringComparison.Ordinal)))}");
            var notes = Directory.GetFiles(seen).SelectMany(File.ReadAllLines).Select(line => line.Split(' ')).ToLookup(note => note[1], note => int.Parse(note[0], CultureInfo.InvariantCulture));
            Directory.Delete(seen, recursive: true);
            // What is done between tests, by what they share, is done for all of them.
            var times = lines.Select(line => line.Split(' ')).Where(line => line[0] == "passed").GroupBy(line => line[1], line => double.Parse(line[2], CultureInfo.InvariantCulture));
            plan.Classes[test] = [.. times.Select(time => new Test(time.Key, time.Sum(), [.. notes[time.Key], .. notes[""]]))];
            plan.Save(state);
            Console.WriteLine($"{test}: {plan.Classes[test].Count} tests, {plan.Classes[test].Sum(each => each.Seconds):F1} s, come by {plan.Classes[test].SelectMany(each => each.Seen).Distinct().Count()} mutants");
        }

        return true;
    }

    /// <summary>Tries those of these that have not been tried; false when time ran out.</summary>
    public bool Try(IEnumerable<int> drawn, int parallel, Func<bool> isOver)
    {
        var left = drawn.Except(plan.Verdicts.Select(verdict => verdict.Number)).ToArray();
        return Parallel.ForEach(left, new ParallelOptions { MaxDegreeOfParallelism = parallel }, (number, loop) =>
        {
            if (isOver())
                loop.Stop();
            if (loop.IsStopped)
                return;
            var verdict = Judge(plan.Mutants[number - 1]);
            lock (plan)
            {
                plan.Verdicts.Add(verdict);
                plan.Save(state);
                Console.WriteLine($"{(verdict.Killed ? "killed  " : "SURVIVED")} {number} {plan.Mutants[number - 1]}  [{verdict.By}]");
            }
        }).IsCompleted;
    }

    /// <summary>What survived, and the score of each area.</summary>
    public void Report()
    {
        foreach (var verdict in plan.Verdicts.Where(verdict => !verdict.Killed).OrderBy(verdict => verdict.Number))
            Console.WriteLine($"survived {verdict.Number} {plan.Mutants[verdict.Number - 1]}  [{verdict.By}]");
        foreach (var area in areas)
        {
            var made = plan.Mutants.Where(mutant => area.Files.ContainsKey(mutant.File)).Select(mutant => mutant.Number).ToHashSet();
            var tried = plan.Verdicts.Where(verdict => made.Contains(verdict.Number)).ToArray();
            var killed = tried.Count(verdict => verdict.Killed);
            Console.WriteLine($"{area.Name}: made {made.Count}, tried {tried.Length}, killed {killed}, survived {tried.Length - killed}, score {100.0 * killed / Math.Max(1, tried.Length):F0} %");
        }
    }

    private Verdict Judge(Mutant mutant)
    {
        var classes = areas.First(area => area.Files.ContainsKey(mutant.File)).Files[mutant.File].Tests;
        var tests = classes.SelectMany(name => plan.Classes[name].Where(test => test.Seen.Contains(mutant.Number)).OrderBy(test => test.Seconds)).ToArray();
        if (tests.Length == 0)
            return new(mutant.Number, false, "no test comes by");
        foreach (var group in tests.GroupBy(test => test.Name.Split('.')[0]))
        {
            var (code, lines) = Run([.. group.Select(test => test.Name)], Begin + (3 * group.Sum(test => test.Seconds)), ("PBTS_MUTANT", mutant.Number.ToString(CultureInfo.InvariantCulture)));
            if (code == 3)
                throw new InvalidOperationException($"No test ran for {mutant}");
            if (code != 0)
                return new(mutant.Number, true, code is null ? "time" : lines.FirstOrDefault(line => line.StartsWith("failed ", StringComparison.Ordinal))?[7..] ?? "crash");
        }

        return new(mutant.Number, false, $"{tests.Length} tests come by");
    }

    /// <returns>The exit code; null when it took too long.</returns>
    private (int? Code, List<string> Lines) Run(string[] tests, double seconds, (string Name, string Value) variable)
    {
        var output = Path.Combine(tree, Tree.TestsOutput);
        var start = new ProcessStartInfo("dotnet",
        [
            "exec", "--depsfile", $"{output}/Pbts.Tracker.Tests.deps.json", "--runtimeconfig", $"{output}/Pbts.Tracker.Tests.runtimeconfig.json", $"{output}/Pbts.Mutants.dll", "tests", .. tests,
        ]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = output };
        start.Environment[variable.Name] = variable.Value;
        using var process = Process.Start(start)!;
        var lines = new List<string>();
        process.OutputDataReceived += (_, line) => { lock (lines) lines.Add(line.Data ?? ""); };
        process.ErrorDataReceived += (_, line) => { lock (lines) lines.Add(line.Data ?? ""); };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(TimeSpan.FromSeconds(seconds)))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            return (null, lines);
        }

        // What it started may have its output open still.
        Thread.Sleep(20);
        lock (lines)
            return (process.ExitCode, [.. lines]);
    }
}
