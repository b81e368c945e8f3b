using System.Reflection;

namespace Pbts.Hosting;

/// <summary>
/// Loads at start what would be loaded when first needed. A load that fails because the process has no descriptor left at
/// that moment is remembered by the runtime as failed for good, and with it whatever needed it.
/// </summary>
public static class ReferencedAssemblies
{
    /// <summary>Loads every assembly that this program refers to, by whatever way.</summary>
    /// <returns>How many there are.</returns>
    public static int Load()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies());
        while (waiting.TryDequeue(out var assembly))
        {
            foreach (var name in assembly.GetReferencedAssemblies())
            {
                if (!seen.Add(name.FullName))
                    continue;
                try
                {
                    waiting.Enqueue(Assembly.Load(name));
                }
                catch (Exception e) when (e is FileNotFoundException or FileLoadException or BadImageFormatException)
                {
                    // An optional dependency of a package, which is not here and is not needed.
                }
            }
        }

        return seen.Count;
    }
}
