using System.Reflection;
using System.Runtime.CompilerServices;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Pbts.Local;
using Assembly = System.Reflection.Assembly;

namespace Pbts.Tracker.Tests.Structure;

/// <summary>The rules of docs/architecture.md: what may know what.</summary>
public sealed class StructureTests
{
    /// <summary>Each project, and the projects of ours that it may use.</summary>
    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Pbts.Protocol"] = [],
        ["Pbts.Peer"] = ["Pbts.Protocol"],
        ["Pbts.Cli"] = ["Pbts.Peer", "Pbts.Protocol"],
        ["Pbts.GrainInterfaces"] = ["Pbts.Protocol"],
        ["Pbts.Hosting"] = ["Pbts.GrainInterfaces", "Pbts.Protocol"],
        ["Pbts.Grains"] = ["Pbts.Hosting", "Pbts.GrainInterfaces", "Pbts.Protocol"],
        ["Pbts.Api"] = ["Pbts.Hosting", "Pbts.GrainInterfaces", "Pbts.Protocol"],
        ["Pbts.Silo"] = ["Pbts.Api", "Pbts.Grains", "Pbts.Hosting", "Pbts.GrainInterfaces", "Pbts.Protocol"],
        ["Pbts.Local"] = [],
    };

    /// <summary>What a library that anybody may use for the formats alone must not bring along.</summary>
    private static readonly string[] Hosts = ["Microsoft.AspNetCore", "Microsoft.Extensions.Hosting", "Orleans", "Npgsql", "System.CommandLine"];

    private static readonly Lazy<Architecture> Loaded = new(() => new ArchLoader().LoadAssemblies([.. Arrows.Keys.Select(Assembly.Load), typeof(StructureTests).Assembly]).Build());

    public static TheoryData<string> Projects => [.. Arrows.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_none_but_those_below_it(string project) =>
        Assert.Empty(Assembly.Load(project).GetReferencedAssemblies().Select(used => used.Name!)
            .Where(used => used.StartsWith("Pbts.", StringComparison.Ordinal)).Except(Arrows[project]));

    [Fact]
    public void The_formats_need_no_host() =>
        Assert.Empty(Assembly.Load("Pbts.Protocol").GetReferencedAssemblies().Select(used => used.Name!).Where(used => Hosts.Any(host => used.StartsWith(host, StringComparison.Ordinal))));

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_two_folders_of_a_project_use_each_other(string project) => Assert.Empty(Circles(project));

    [Fact]
    public void Two_that_do_are_found() => Assert.NotEmpty(Circles("Pbts.Tracker.Tests.Structure.Circle"));

    [Theory]
    [MemberData(nameof(Projects))]
    public void What_is_internal_is_open_to_tests_and_benches_alone(string project) =>
        Assert.Empty(Assembly.Load(project).GetCustomAttributes<InternalsVisibleToAttribute>().Select(friend => friend.AssemblyName)
            .Where(friend => friend != "Pbts.Bench" && !friend.EndsWith(".Tests", StringComparison.Ordinal)));

    [Theory]
    [InlineData("Pbts.Silo")]
    [InlineData("Pbts.Cli")]
    public void No_two_types_of_a_program_have_one_name(string program) =>
        Assert.Empty(Arrows[program].Append(program).SelectMany(project => Assembly.Load(project).GetTypes())
            .Where(type => !type.IsNested && type.Namespace?.StartsWith("Pbts.", StringComparison.Ordinal) == true)
            .Select(type => type.Name).Where(name => !name.StartsWith('<'))
            .GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key));

    /// <summary>Or an image would not build, and <c>./pbts up</c> would run what was built before a change.</summary>
    [Fact]
    public void The_image_is_made_of_all_projects_of_its_programs_and_the_script_watches_all_that_it_runs()
    {
        var folders = Directory.GetFiles(Clone.Root, "*.csproj", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), file => Path.GetFileName(Path.GetDirectoryName(file))!);
        var image = File.ReadAllText(Path.Combine(Clone.Root, "deploy", "Dockerfile"));
        string[] programs = ["Pbts.Silo", "Pbts.Cli"];
        Assert.All(programs.Concat(programs.SelectMany(program => Arrows[program])).Select(project => folders[project]), folder =>
        {
            Assert.Contains($"COPY {folder} {folder}\n", image, StringComparison.Ordinal);
            Assert.Contains($"COPY {folder}/*.csproj {folder}/packages.lock.json {folder}/\n", image, StringComparison.Ordinal);
        });
        var watched = File.ReadLines(Path.Combine(Clone.Root, "pbts")).Single(line => line.Contains("find Directory", StringComparison.Ordinal)).Split(' ');
        Assert.Empty(Arrows.Keys.Select(project => folders[project]).Except(watched));
    }

    /// <summary>The pairs of folders right under a namespace of which each uses the other, by whatever way.</summary>
    private static IEnumerable<string> Circles(string root)
    {
        string? Folder(string type) => type.StartsWith($"{root}.", StringComparison.Ordinal) && type[(root.Length + 1)..].Split('.') is [var folder, _, ..] ? folder : null;
        var arrows = Loaded.Value.Types.SelectMany(type => type.Dependencies.Select(used => (From: Folder(type.FullName), To: Folder(used.Target.FullName))))
            .Where(arrow => arrow.From is not null && arrow.To is not null && arrow.From != arrow.To).Distinct().ToLookup(arrow => arrow.From!, arrow => arrow.To!);
        HashSet<string> Reached(string from)
        {
            var (seen, waiting) = (new HashSet<string>(), new Stack<string>(arrows[from]));
            while (waiting.TryPop(out var folder))
            {
                if (seen.Add(folder))
                    Array.ForEach([.. arrows[folder]], waiting.Push);
            }

            return seen;
        }

        return arrows.Where(from => Reached(from.Key).Contains(from.Key)).Select(from => $"{from.Key} uses {string.Join(", ", from.Where(to => Reached(to).Contains(from.Key)))}");
    }
}
