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
    /// <param name="root">The clone; this one when it is null.</param>
    public static string Program(string project, string? root = null) =>
        Path.Combine(root ?? Root, project, "bin", "Release", "net10.0", $"Pbts.{char.ToUpperInvariant(project[0])}{project[1..]}.dll");

    /// <summary>The folder of a clone with the tracker's programs in it.</summary>
    /// <param name="option">Who named the folder.</param>
    /// <exception cref="LocalException">It is none, or they are not built.</exception>
    internal static string Built(string option, string folder)
    {
        var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (!File.Exists(Path.Combine(root, "Pbts.sln")))
            throw new LocalException($"{option}: {root} is no clone of PBTS");
        return ((string[])["silo", "api"]).Select(project => Program(project, root)).FirstOrDefault(program => !File.Exists(program)) is { } missing
            ? throw new LocalException($"{option}: there is no {missing}: dotnet build {Path.Combine(root, "silo")} -c Release makes it")
            : root;
    }

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
