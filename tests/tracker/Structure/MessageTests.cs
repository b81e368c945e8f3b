using System.Reflection;
using Pbts.Local;
using Assembly = System.Reflection.Assembly;

namespace Pbts.Tracker.Tests.Structure;

/// <summary>
/// What processes say to each other, as <c>messages.txt</c> has it: processes of the version before must understand it while a
/// version is rolled out, and while it is taken back.
/// </summary>
public sealed class MessageTests
{
    private const string Gone = "gone ";

    private static readonly string File = Path.Combine(Clone.Root, "tests", "tracker", "Structure", "messages.txt");

    [Fact]
    public void What_processes_say_to_each_other_is_what_was_written_down()
    {
        var written = System.IO.File.ReadAllLines(File).Where(line => line.Length > 0 && line[0] != '#').ToList();
        var now = Describe().ToList();

        var changed = written.Where(line => !line.StartsWith(Gone, StringComparison.Ordinal)).Except(now).ToList();
        Assert.True(changed.Count == 0, $"The version before still says or expects this (see the head of {File}):\n{string.Join('\n', changed)}\nInstead there is now:\n{string.Join('\n', now.Except(written))}");
        Assert.True(now.Except(written).ToList() is { Count: 0 } added, $"Write these lines into {File}:\n{string.Join('\n', now.Except(written))}");
    }

    [Fact]
    public void What_is_gone_does_not_come_back_as_something_else()
    {
        var now = Describe().Select(Key).ToHashSet(StringComparer.Ordinal);
        Assert.DoesNotContain(System.IO.File.ReadAllLines(File).Where(line => line.StartsWith(Gone, StringComparison.Ordinal)).Select(line => Key(line[Gone.Length..])), now.Contains);
    }

    [Fact]
    public void Every_line_is_of_something_else()
    {
        var lines = Describe().ToList();
        Assert.Equal(lines.Count, lines.Select(Key).Distinct(StringComparer.Ordinal).Count());
        Assert.True(lines.Count > 500, $"{lines.Count} lines");
    }

    /// <summary>What a line is about: all before what is said of it.</summary>
    private static string Key(string line) => line[..line.IndexOf(": ", StringComparison.Ordinal)];

    private static IEnumerable<string> Describe()
    {
        var types = ((string[])["Pbts.GrainInterfaces", "Pbts.Grains", "Pbts.Hosting", "Pbts.Api", "Pbts.Silo"]).SelectMany(name => Assembly.Load(name).GetTypes())
            .Where(type => type.Namespace?.StartsWith("Pbts.", StringComparison.Ordinal) == true).ToList();
        var messages = types.Where(type => type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)).ToList();
        var interfaces = types.Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)).ToList();
        var grains = types.Where(type => type is { IsClass: true, IsAbstract: false } && typeof(IGrain).IsAssignableFrom(type) && typeof(Grain).IsAssignableFrom(type));
        var enums = messages.SelectMany(Members).Select(member => member.Type).Concat(interfaces.SelectMany(type => type.GetMethods()).SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType)))
            .SelectMany(Parts).Where(type => type.IsEnum && type.Namespace?.StartsWith("Pbts.", StringComparison.Ordinal) == true).Distinct();
        return messages.SelectMany(type => Members(type).Select(member => $"{Name(type)} {member.Id}: {member.Name} {Name(member.Type)}").Prepend($"{Name(type)} is: {(type.IsValueType ? "value" : "object")}{Base(type)}"))
            .Concat(interfaces.SelectMany(type => type.GetMethods().Select(method => $"{Name(type)}.{Alias(method) ?? method.Name}: ({string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)))}) {Name(method.ReturnType)}")))
            .Concat(grains.Select(type => $"grain {type.Name}: {string.Join(", ", type.GetInterfaces().Where(interfaces.Contains).Select(Name).Order(StringComparer.Ordinal))}"))
            .Concat(enums.SelectMany(type => Enum.GetNames(type).Select(name => $"{Name(type)} {Convert.ToInt64(Enum.Parse(type, name), null)}: {name} {Enum.GetUnderlyingType(type).Name}")))
            .Concat(types.SelectMany(type => type.GetFields(BindingFlags.NonPublic | BindingFlags.Static).Where(field => field is { IsLiteral: true, Name: "Version" }).Select(field => $"packed {type.Name}: {field.GetRawConstantValue()}")))
            .Distinct().Order(StringComparer.Ordinal);
    }

    private static IEnumerable<(uint Id, string Name, Type Type)> Members(Type type) =>
        from member in type.GetMembers(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let id = member.GetCustomAttribute<IdAttribute>()
        where id is not null
        select (id.Id, member.Name, member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType);

    private static string Base(Type type) => type.BaseType is { } above && above != typeof(object) && above != typeof(ValueType) ? $" {Name(above)}" : "";

    private static string? Alias(MemberInfo member) => member.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias;

    private static IEnumerable<Type> Parts(Type type) =>
        (type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts) : type.IsArray ? Parts(type.GetElementType()!) : []).Append(type);

    private static string Name(Type type) =>
        type.IsArray ? Name(type.GetElementType()!) + "[]"
        : type.IsGenericParameter ? type.Name
        : type.IsGenericType ? $"{Alias(type) ?? type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : Alias(type) ?? (type.Namespace?.StartsWith("Pbts.", StringComparison.Ordinal) == true ? type.FullName! : type.Name);
}
