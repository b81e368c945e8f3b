using System.Reflection;
using System.Runtime.CompilerServices;
using ArchUnitNET.Domain;
using ArchUnitNET.Fluent.Slices;
using ArchUnitNET.Loader;
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
    public void What_is_internal_is_open_to_tests_alone(string project) =>
        Assert.Empty(Assembly.Load(project).GetCustomAttributes<InternalsVisibleToAttribute>().Select(friend => friend.AssemblyName)
            .Where(friend => !friend.EndsWith(".Tests", StringComparison.Ordinal)));

    [Fact]
    public void No_two_types_have_one_name() =>
        Assert.Empty(Arrows.Keys.SelectMany(project => Assembly.Load(project).GetTypes())
            .Where(type => !type.IsNested && type.Namespace?.StartsWith("Pbts.", StringComparison.Ordinal) == true && type.GetCustomAttribute<CompilerGeneratedAttribute>() is null)
            .Select(type => type.Name).Where(name => name != "Program" && !name.StartsWith('<'))
            .GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key));

    private static IEnumerable<string> Circles(string root) =>
        SliceRuleDefinition.Slices().Matching($"{root}.(*)").Should().BeFreeOfCycles().Evaluate(Loaded.Value).Where(slice => !slice.Passed).Select(slice => slice.Description);
}
