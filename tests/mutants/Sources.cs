using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Pbts.Mutants;

/// <summary>The sources of one project, with all changes of some of its files in them at once: a variable of the environment chooses one.</summary>
internal sealed class Sources
{
    /// <summary>What each changed file gets: whether a change is chosen, and with <c>PBTS_MUTANTS_SEEN</c> which test came by.</summary>
    private const string Switch = """

        file static class MutantSwitch
        {
            private static readonly int Chosen = int.TryParse(global::System.Environment.GetEnvironmentVariable("PBTS_MUTANT"), out var number) ? number : 0;
            private static readonly string? Seen = global::System.Environment.GetEnvironmentVariable("PBTS_MUTANTS_SEEN");
            private static readonly string?[] Noted = new string?[10_000];

            public static bool Is(int number)
            {
                if (Seen is not null)
                    Note(number, global::System.Environment.GetEnvironmentVariable("PBTS_MUTANTS_TEST") ?? "");
                return number == Chosen;
            }

            private static void Note(int number, string test)
            {
                if (Noted[number] == test)
                    return;
                lock (Noted)
                {
                    Noted[number] = test;
                    global::System.IO.File.AppendAllText(Seen + "." + global::System.Environment.ProcessId + "." + typeof(MutantSwitch).FullName, number + " " + test + "\n");
                }
            }
        }
        """;

    private readonly string _root;
    private readonly CSharpCompilation _compilation;

    /// <param name="root">The clone, its tests built: what they load is what the project is compiled against here.</param>
    public Sources(string root, string project)
    {
        _root = root;
        var assembly = Path.GetFileNameWithoutExtension(Directory.GetFiles(Path.Combine(root, project), "*.csproj").Single());
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var web = runtime.Replace("Microsoft.NETCore.App", "Microsoft.AspNetCore.App", StringComparison.Ordinal);
        var libraries = new[] { Path.Combine(root, Tree.TestsOutput), runtime, web }.SelectMany(folder => Directory.GetFiles(folder, "*.dll")).Where(IsManaged)
            .DistinctBy(Path.GetFileName).Where(library => Path.GetFileNameWithoutExtension(library) != assembly);
        var files = Directory.GetFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/bin/", StringComparison.Ordinal) && (!file.Contains("/obj/", StringComparison.Ordinal) || file.EndsWith($"/Release/net10.0/{assembly}.GlobalUsings.g.cs", StringComparison.Ordinal)));
        _compilation = CSharpCompilation.Create(
            assembly, files.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), path: file)), libraries.Select(library => MetadataReference.CreateFromFile(library)),
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable));
    }

    /// <summary>The changes of a file that compile.</summary>
    public List<Mutant> Find(string file)
    {
        var tree = _compilation.SyntaxTrees.Single(tree => tree.FilePath == Path.Combine(_root, file));
        var model = _compilation.GetSemanticModel(tree);
        var operators = new Operators(file, model);
        operators.Visit(tree.GetRoot());
        var errors = Errors(_compilation, tree);
        var compiling = new List<Mutant>();
        Take(operators.Found);
        return compiling;

        // Halves what does not compile together with the rest until it is found.
        void Take(List<Mutant> more)
        {
            var changed = CSharpSyntaxTree.ParseText(Write(file, [.. compiling, .. more]), path: tree.FilePath);
            if (Errors(_compilation.ReplaceSyntaxTree(tree, changed), changed) == errors)
            {
                compiling.AddRange(more);
            }
            else if (more.Count > 1)
            {
                Take(more[..(more.Count / 2)]);
                Take(more[(more.Count / 2)..]);
            }
        }
    }

    /// <summary>The file with these changes in it.</summary>
    public string Write(string file, IEnumerable<Mutant> mutants)
    {
        var text = File.ReadAllText(Path.Combine(_root, file));
        return Write(text, 0, text.Length, [.. mutants.OrderBy(mutant => mutant.Start).ThenByDescending(mutant => mutant.Length)]) + Switch;
    }

    private static string Write(string text, int start, int end, Span<Mutant> mutants)
    {
        var written = new StringBuilder();
        while (mutants.Length > 0)
        {
            var outer = mutants[0];
            var same = 1;
            while (same < mutants.Length && (mutants[same].Start, mutants[same].End) == (outer.Start, outer.End))
                same++;
            var within = same;
            while (within < mutants.Length && mutants[within].Start < outer.End)
                within++;
            written.Append(text, start, outer.Start - start);
            foreach (var mutant in mutants[..same])
                written.Append(mutant.Before.Replace("Is(#)", $"Is({mutant.Number})", StringComparison.Ordinal));
            written.Append(Write(text, outer.Start, outer.End, mutants[same..within]));
            for (var i = same - 1; i >= 0; i--)
                written.Append(mutants[i].After);
            start = outer.End;
            mutants = mutants[within..];
        }

        return written.Append(text, start, end - start).ToString();
    }

    /// <summary>What generators would add is missing here, so that some errors are there from the beginning.</summary>
    private static int Errors(CSharpCompilation compilation, SyntaxTree tree) =>
        compilation.GetSemanticModel(tree).GetDiagnostics().Count(found => found.Severity == DiagnosticSeverity.Error);

    private static bool IsManaged(string library)
    {
        using var stream = File.OpenRead(library);
        using var reader = new System.Reflection.PortableExecutable.PEReader(stream);
        try { return reader.HasMetadata; }
        catch (BadImageFormatException) { return false; }
    }
}
