using System.Reflection;
using Pbts.Tracker.Tests.Support;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer($"Pbts.Tracker.Tests.Support.{nameof(SlowFirst)}", "Pbts.Tracker.Tests")]

namespace Pbts.Tracker.Tests.Support;

/// <summary>Classes with tests that take minutes begin first, or one of them would go on alone at the end.</summary>
public sealed class SlowFirst : ITestCollectionOrderer
{
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
    {
        // The collection of a class that names none has the class's name at its end.
        var slow = typeof(SlowFirst).Assembly.GetTypes().Where(IsSlow).Select(type => $" {type.FullName}").ToArray();
        return testCollections.OrderBy(collection => !slow.Any(name => collection.DisplayName.EndsWith(name, StringComparison.Ordinal)));
    }

    private static bool IsSlow(Type type) => type.GetMethods(BindingFlags.Public | BindingFlags.Instance).Cast<MemberInfo>().Append(type)
        .SelectMany(member => member.CustomAttributes)
        .Any(attribute => attribute.AttributeType == typeof(TraitAttribute) && (string?)attribute.ConstructorArguments[1].Value == "slow");
}
