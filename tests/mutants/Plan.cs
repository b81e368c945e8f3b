using System.Text.Json;

namespace Pbts.Mutants;

/// <summary>What is measured: one of the areas of <c>mutants.json</c> with its files.</summary>
internal sealed record Area(string Name, Dictionary<string, Target> Files);

/// <summary>A file that is changed.</summary>
/// <param name="Tests">The test classes that answer for it, in the order in which they are asked.</param>
/// <param name="Sample">Mutants that are tried at most, evenly drawn; 0: all.</param>
internal sealed record Target(string[] Tests, int Sample);

/// <summary>What became of a mutant.</summary>
/// <param name="Killed">Whether a test failed, or did not end in time.</param>
/// <param name="By">Which; for a survivor how many tests came by.</param>
internal sealed record Verdict(int Number, bool Killed, string By);

/// <summary>What one measurement knows so far, so that it can be stopped and gone on with.</summary>
internal sealed class Plan
{
    public List<Mutant> Mutants { get; init; } = [];

    /// <summary>Seconds of each test method, and the mutants that it comes by, by test class.</summary>
    public Dictionary<string, List<Test>> Classes { get; init; } = [];

    public List<Verdict> Verdicts { get; init; } = [];

    public static Plan? Load(string file) => File.Exists(file) ? JsonSerializer.Deserialize<Plan>(File.ReadAllText(file)) : null;

    public void Save(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this));
}

/// <summary>A test method: how long it takes and which mutants it comes by.</summary>
internal sealed record Test(string Name, double Seconds, HashSet<int> Seen);
