using System.Diagnostics;
using Pbts.Local;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Packaging;

/// <summary>What somebody without this clone uses: the command as a tool, the peer as a library, the programs of the image.</summary>
[Trait("suite", "slow")]
public sealed class PackageTests(PostgresServer postgres) : IDisposable, IClassFixture<PostgresServer>
{
    private static readonly string s_configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private readonly string _folder = Directory.CreateTempSubdirectory("pbts-packages").FullName;

    private string Feed => Path.Combine(_folder, "feed");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_command_is_a_tool_that_needs_its_package_alone()
    {
        await PackAsync("cli");
        await File.WriteAllTextAsync(Path.Combine(_folder, "NuGet.config"), "<configuration><packageSources><clear /></packageSources></configuration>");
        await RunAsync("dotnet", "tool", "install", "--tool-path", "tools", "--add-source", Feed, "Pbts.Cli");
        var pbts = Path.Combine(_folder, "tools", "pbts");
        Assert.Contains("keygen", await RunAsync(pbts, "--help"), StringComparison.Ordinal);
        Assert.Contains("public_key: ", await RunAsync(pbts, "keygen", "--out", "alice.key"), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "alice.key")));
        // The contract's code comes along too: it is the address of the chain that is missing.
        Assert.Contains("RPC is missing", await RunAsync(pbts, 2, "deploy-factory"), StringComparison.Ordinal);
    }

    /// <summary>The program is the one in the package's README; the tracker is not there.</summary>
    [Fact]
    public async Task The_peer_is_a_library_whose_example_compiles_and_runs()
    {
        await PackAsync("protocol");
        await PackAsync("peer");
        var readme = await File.ReadAllTextAsync(Path.Combine(Clone.Root, "peer", "README.md"));
        var program = readme.Split("```csharp\n")[1].Split("```")[0].Replace("127.0.0.1:8000", "127.0.0.1:1", StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_folder, "Program.cs"), program);
        // What else it needs was restored for this clone.
        var known = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await File.WriteAllTextAsync(Path.Combine(_folder, "NuGet.config"), $"""
            <configuration>
              <packageSources><clear /><add key="feed" value="{Feed}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="known" value="{known}" /></fallbackPackageFolders>
            </configuration>
            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "Example.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <UseAppHost>false</UseAppHost>
                <NuGetAudit>false</NuGetAudit>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="Pbts.Peer" Version="0.1.0" />
              </ItemGroup>
            </Project>
            """);
        await RunAsync("dotnet", "build", "-o", "out", "-nodeReuse:false", "-p:UseSharedCompilation=false");
        var said = await RunAsync("dotnet", Path.Combine("out", "Example.dll"));
        Assert.Contains("tracker not reached: ", said, StringComparison.Ordinal);
        Assert.Contains("seeding song.txt on port ", said, StringComparison.Ordinal);
        Assert.Contains(Directory.GetFiles(Path.Combine(_folder, "out")), file => Path.GetFileName(file) == "Pbts.Protocol.dll");
        // What an editor shows comes with it.
        Assert.True(File.Exists(Path.Combine(_folder, "packages", "pbts.peer", "0.1.0", "lib", "net10.0", "Pbts.Peer.xml")));
    }

    [Fact]
    public async Task The_image_holds_programs_that_run()
    {
        var app = Path.Combine(_folder, "app");
        var lines = (await File.ReadAllTextAsync(Path.Combine(Clone.Root, "deploy", "Dockerfile"))).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n');
        var commands = Assert.Single(lines, line => line.StartsWith("RUN dotnet publish", StringComparison.Ordinal))["RUN ".Length..].Split("&&", StringSplitOptions.TrimEntries);
        foreach (var command in commands)
        {
            var words = command.Replace("/app", app, StringComparison.Ordinal).Replace("Release", s_configuration, StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            await RunAsync(words[0], [words[1], Path.Combine(Clone.Root, words[2]), .. words[3..], "--no-build", "-nodeReuse:false"]);
        }

        var database = await postgres.CreateDatabaseAsync();
        await using var silo = NodeProcess.Launch(Path.Combine(app, "silo", "Pbts.Silo.dll"), database, ("PBTS_ROLE", "silo"));
        await silo.WaitUntilReadyAsync();
        await using var api = NodeProcess.Launch(Path.Combine(app, "api", "Pbts.Api.dll"), database);
        await api.WaitUntilReadyAsync();
        Assert.Equal(1, (await new Announcer(api).AnnounceAsync(Announcer.NewTorrent(), 1, 0)).Complete);
        Assert.Contains("keygen", await RunAsync("dotnet", Path.Combine(app, "cli", "Pbts.Cli.dll"), "--help"), StringComparison.Ordinal);
    }

    /// <summary>As it was built last: this run's other tests use the same files.</summary>
    private Task PackAsync(string project) =>
        RunAsync("dotnet", "pack", Path.Combine(Clone.Root, project), "-c", s_configuration, "--no-build", "-o", Feed, "-nodeReuse:false");

    private Task<string> RunAsync(string program, params string[] arguments) => RunAsync(program, 0, arguments);

    private async Task<string> RunAsync(string program, int exitCode, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // A package of the same version that another run has left would be taken in place of this one; what is packed was built with the usual ones.
        if (arguments[0] != "pack")
            start.Environment["NUGET_PACKAGES"] = Path.Combine(_folder, "packages");
        (start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"], start.Environment["DOTNET_NOLOGO"]) = ("1", "1");
        start.Environment.Remove("RPC");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == exitCode, $"{program} {string.Join(' ', arguments)}: {process.ExitCode}\n{output}{await errors}");
        return output + await errors;
    }
}
