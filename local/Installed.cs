using System.Diagnostics;

namespace Pbts.Local;

/// <summary>Programs of others that a tracker on this machine needs. What is missing is installed by <c>scripts/install.sh</c>.</summary>
public static class Installed
{
    /// <summary>The folder of the newest PostgreSQL's programs.</summary>
    public static string Postgres() => FindPostgres() ?? Again("postgres", FindPostgres);

    /// <summary>The same of the version that made some data.</summary>
    public static string Postgres(string version) =>
        $"/usr/lib/postgresql/{version}/bin" is var folder && File.Exists(Path.Combine(folder, "postgres")) ? folder : Postgres();

    /// <summary>nginx, and its module for JavaScript where there is one.</summary>
    public static (string Program, string? JavaScript) Nginx()
    {
        const string module = "ngx_http_js_module.so";
        if (FindProgram("nginx") is null || FindModule(module) is null)
            Install("nginx");
        return (FindProgram("nginx") ?? throw new LocalException("nginx was installed, yet it is not in PATH"), FindModule(module));
    }

    // By the lock file, so what is there already may be an older version.
    private static readonly Lazy<bool> FoundryIsCurrent = new(() =>
    {
        Install("foundry");
        return true;
    });

    /// <summary>A program of Foundry's, not npm's script that starts it: its pid is the one that gets the signals.</summary>
    public static string Foundry(string name)
    {
        _ = FoundryIsCurrent.Value;
        var tools = Path.Combine(Clone.Root, "solidity", "node_modules", "@foundry-rs");
        return (Directory.Exists(tools) ? Directory.GetDirectories(tools, $"{name}-*") : []).Select(folder => Path.Combine(folder, "bin", name)).FirstOrDefault(File.Exists)
            ?? throw new LocalException($"npm brought no {name} for this machine");
    }

    /// <summary>A program that has a Debian package of its name.</summary>
    public static string Program(string name) => File.Exists(name) ? name : FindProgram(name) ?? Again(name, () => FindProgram(name));

    /// <summary>The path of a program in PATH or where administration's programs are; null when there is none.</summary>
    public static string? FindProgram(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private static string Again(string what, Func<string?> find)
    {
        Install(what);
        return find() ?? throw new LocalException($"{what} was installed, yet its programs are not found");
    }

    /// <summary>Has the script install something; it says what it does.</summary>
    private static void Install(string what)
    {
        using var script = Process.Start(Clone.Script, ["need", what]);
        script.WaitForExit();
        if (script.ExitCode != 0)
            throw new LocalException($"{what} is missing and could not be installed, see above");
    }

    private static string? FindPostgres()
    {
        var packaged = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql") : [];
        return packaged.OrderByDescending(folder => double.TryParse(Path.GetFileName(folder), out var version) ? version : 0).Select(folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .FirstOrDefault(folder => File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres")));
    }

    private static string? FindModule(string module)
    {
        string[] folders = ["/usr/lib/nginx/modules", "/usr/share/nginx/modules", "/usr/lib64/nginx/modules"];
        return folders.Select(folder => Path.Combine(folder, module)).FirstOrDefault(File.Exists);
    }
}
