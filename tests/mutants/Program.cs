using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Pbts.Mutants;

if (args is ["tests", ..])
    Environment.Exit(TestHost.Run(args[1..]));

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
int Number(string name, int otherwise) => Option(name) is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : otherwise;

if (args.Contains("--help"))
{
    Console.WriteLine("""
        Changes the code that gives credit and access in small ways and says which changes no test notices. The tests have to be built:
        dotnet build tests/tracker -c Release

          --only TEXT     files alone whose path has it in them
          --list          say what would be changed, and try nothing
          --sample N      so many of each file at most, instead of what mutants.json says; 0: all
          --seed N        of the drawing (1)
          --mutant N      this one alone, again
          --parallel N    so many at once (1)
          --minutes N     stop after that
          --continue      go on with the measurement before
          --survivors     with the tests as they are now, try again what survived the measurement before
        """);
    return 0;
}

var clock = Stopwatch.StartNew();
var root = AppContext.BaseDirectory;
while (!File.Exists(Path.Combine(root, "Pbts.sln")))
    root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Not in a clone.");
var only = Option("--only") ?? "";
var web = JsonSerializerOptions.Web;
var areas = JsonSerializer.Deserialize<Area[]>(File.ReadAllText(Path.Combine(root, "tests/mutants/mutants.json")), web)!
    .Select(area => area with { Files = area.Files.Where(file => file.Key.Contains(only, StringComparison.Ordinal)).ToDictionary() }).Where(area => area.Files.Count > 0).ToArray();
if (!File.Exists(Path.Combine(root, Tree.TestsOutput, "Pbts.Tracker.Tests.dll")))
    throw new InvalidOperationException("The tests are not built: dotnet build tests/tracker -c Release");
var (tree, state) = (Path.Combine(root, ".pbts/mutants/clone"), Path.Combine(root, ".pbts/mutants/plan.json"));
var plan = args.Contains("--continue") ? Plan.Load(state) : null;
if (plan is null)
{
    var sources = areas.SelectMany(area => area.Files.Keys).Select(file => file.Split('/')[0]).Distinct().ToDictionary(project => project, project => new Sources(root, project));
    var files = areas.SelectMany(area => area.Files.Keys).AsParallel().AsOrdered().Select(file => (File: file, Mutants: sources[file.Split('/')[0]].Find(file))).ToList();
    var number = 0;
    files = files.ConvertAll(file => (file.File, file.Mutants.ConvertAll(mutant => mutant with { Number = ++number })));
    plan = new() { Mutants = [.. files.SelectMany(file => file.Mutants)] };
    if (args.Contains("--list"))
    {
        plan.Mutants.ForEach(mutant => Console.WriteLine($"{mutant.Number} {mutant}"));
        return 0;
    }

    Tree.Copy(root, tree, files.ToDictionary(file => file.File, file => sources[file.File.Split('/')[0]].Write(file.File, file.Mutants)));
    Tree.Build(tree);
    if (args.Contains("--survivors") && Plan.Load(state) is { } before)
    {
        if (!before.Mutants.Select(mutant => (mutant.File, mutant.Change)).SequenceEqual(plan.Mutants.Select(mutant => (mutant.File, mutant.Change))))
            throw new InvalidOperationException("What is measured has changed since: begin anew.");
        plan = new() { Mutants = plan.Mutants, Verdicts = [.. before.Verdicts.Where(verdict => verdict.Killed)] };
    }

    plan.Save(state);
}

var drawn = new List<int>();
foreach (var (file, target) in areas.SelectMany(area => area.Files))
{
    var numbers = plan.Mutants.Where(mutant => mutant.File == file).Select(mutant => mutant.Number).ToArray();
    new Random(Number("--seed", 1)).Shuffle(numbers);
    var most = Number("--sample", target.Sample);
    drawn.AddRange(numbers.Take(most == 0 ? numbers.Length : most).Order());
}

if (Number("--mutant", 0) is > 0 and var one)
{
    drawn = [one];
    plan.Verdicts.RemoveAll(verdict => verdict.Number == one);
}

var minutes = Number("--minutes", int.MaxValue);
var measurement = new Measurement(tree, state, plan, areas);
var done = measurement.Cover(IsOver) && measurement.Try(drawn, Number("--parallel", 1), IsOver);
measurement.Report();
return done ? 0 : 2;

bool IsOver() => clock.Elapsed.TotalMinutes > minutes;
