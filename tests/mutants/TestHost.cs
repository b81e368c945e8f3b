using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Pbts.Mutants;

/// <summary>
/// Runs some test methods in this process, one after another, until one fails: a tenth of what <c>dotnet test</c> takes to begin.
/// </summary>
internal sealed class TestHost : IMessageSink
{
    private readonly ManualResetEventSlim _done = new();
    private readonly List<ITestCase> _cases = [];
    private int _passed;
    private string? _failed;

    /// <param name="tests">Names of test methods with their class, or of classes.</param>
    /// <returns>0 when all passed, 1 when one failed, 3 when there was none.</returns>
    public static int Run(string[] tests)
    {
        var host = new TestHost();
        var name = new AssemblyName("Pbts.Tracker.Tests");
        var framework = new XunitTestFramework(host);
        var options = new Options();
        using var discoverer = framework.GetDiscoverer(Reflector.Wrap(Assembly.Load(name)));
        using var executor = framework.GetExecutor(name);
        foreach (var type in Assembly.Load(name).GetTypes().Where(type => tests.Any(test => test == type.Name || test.StartsWith(type.Name + ".", StringComparison.Ordinal))))
        {
            host._done.Reset();
            discoverer.Find(type.FullName!, includeSourceInformation: false, host, options);
            host._done.Wait();
        }

        host._done.Reset();
        executor.RunTests(host._cases.Where(found => tests.Contains(NameOf(found)) || tests.Contains(NameOf(found).Split('.')[0])), host, options);
        host._done.Wait();
        if (host._failed is not null)
            Console.WriteLine($"failed {host._failed}");
        return host._failed is not null ? 1 : host._passed == 0 ? 3 : 0;
    }

    /// <inheritdoc/>
    public bool OnMessage(IMessageSinkMessage message)
    {
        switch (message)
        {
            // Neither those that take minutes nor those that measure.
            case ITestCaseDiscoveryMessage found when !found.TestCase.Traits.ContainsKey("suite") && !found.TestCase.Traits.ContainsKey("Category"):
                _cases.Add(found.TestCase);
                break;
            case ITestStarting starting:
                // For what it starts as well.
                Environment.SetEnvironmentVariable("PBTS_MUTANTS_TEST", NameOf(starting.TestCase));
                break;
            case ITestPassed passed:
                _passed++;
                Console.WriteLine($"passed {NameOf(passed.TestCase)} {passed.ExecutionTime.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
                break;
            case ITestFailed failed:
                _failed ??= NameOf(failed.TestCase) + " " + failed.Messages[0]?.Split('\n')[0];
                break;
            case IErrorMessage error:
                _failed ??= error.Messages[0];
                break;
            case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                _done.Set();
                break;
        }

        return _failed is null;
    }

    private static string NameOf(ITestCase test) => test.TestMethod.TestClass.Class.Name.Split('.')[^1] + "." + test.TestMethod.Method.Name;

    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> _values = new()
        {
            ["xunit.execution.DisableParallelization"] = true,
            ["xunit.execution.SynchronousMessageReporting"] = true,
        };

        public TValue GetValue<TValue>(string name) => _values.TryGetValue(name, out var value) ? (TValue)value! : default!;

        public void SetValue<TValue>(string name, TValue value) => _values[name] = value;
    }
}
