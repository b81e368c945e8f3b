namespace Pbts.Local;

/// <summary>The clone that all is started from: where its programs and tools are.</summary>
public static class Clone
{
    /// <summary>The folder with <c>pbts</c> in it.</summary>
    public static string Root { get; } = Find();

    /// <summary>The script that everything is called through; <c>pbts need WHAT</c> installs what is missing.</summary>
    public static string Script => Path.Combine(Root, "pbts");

    /// <summary>A program of ours, as it was built last.</summary>
    /// <param name="project">Its folder: <c>silo</c>, <c>api</c>, <c>cli</c>, <c>local</c>.</param>
    public static string Program(string project) =>
        Path.Combine(Root, project, "bin", "Release", "net10.0", $"Pbts.{char.ToUpperInvariant(project[0])}{project[1..]}.dll");

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Pbts.sln")))
                return folder.FullName;
        }

        throw new LocalException($"{AppContext.BaseDirectory} is in no clone of PBTS");
    }
}
