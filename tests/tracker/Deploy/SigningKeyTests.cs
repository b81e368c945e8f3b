using System.Net;
using Pbts.Local.Processes;
using Pbts.Tracker.Tests.Support;

namespace Pbts.Tracker.Tests.Deploy;

/// <summary>Who gets the key that signs transactions: silos, and nobody who signs nothing.</summary>
public sealed class SigningKeyTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Theory]
    [InlineData("node-1", 6)]
    [InlineData("silo-2", 6)]
    [InlineData("api-1", 0)]
    [InlineData("proxy", 0)]
    [InlineData("postgres", 0)]
    [InlineData("chain", 0)]
    public void Up_gives_the_key_to_processes_that_sign_alone(string process, int secrets)
    {
        string[] names = ["PK0", "RPC", "FACTORY", "REPUTATION_ADDRESS", "Chain__PrivateKey", "Chain__Rpc"];
        var environment = names.Append("PATH").ToDictionary(name => name, _ => (string?)"0x01");
        Launcher.WithholdSecrets(process, environment);
        Assert.Equal(secrets + 1, environment.Count);
        Assert.Contains("PATH", environment);
    }

    [Fact]
    public async Task A_front_end_does_not_look_at_what_silos_need_for_the_chain()
    {
        var database = await postgres.CreateDatabaseAsync();
        (string, string)[] chain = [("PK0", "no key at all"), ("RPC", "nor an address")];
        await using var refused = NodeProcess.Launch("Pbts.Silo.dll", database, chain);
        await refused.WaitForExitAsync();
        Assert.Contains("PK0", refused.Log, StringComparison.Ordinal);

        await using var silo = await NodeProcess.StartSiloAsync(database, ("RPC", ""));
        await using var front = await NodeProcess.StartApiAsync(database, chain);
        Assert.Equal(HttpStatusCode.OK, (await front.Http.GetJsonAsync("/contract/status")).Status);
    }

    [Fact]
    public void The_deployment_files_give_it_to_silos_alone_confine_every_container_and_publish_the_proxy_alone()
    {
        var services = Blocks(Text("compose.yaml").Split("\nservices:\n")[1].Split("\nnetworks:\n")[0]);
        Assert.Equal(["postgres", "silo-1", "silo-2", "api-1", "api-2", "proxy"], services.Keys);
        foreach (var (name, service) in services)
        {
            Assert.Equal(name.StartsWith("silo", StringComparison.Ordinal), service.Contains("*chain", StringComparison.Ordinal));
            Assert.Equal(name == "proxy", service.Contains("\n    ports:", StringComparison.Ordinal));
            Assert.Matches(@"<<: \*(confined|host|silo|api)\n", service);
            Assert.DoesNotContain("PK0", service, StringComparison.Ordinal);
        }

        Assert.Contains("x-host: &host\n  <<: *confined\n", Text("compose.yaml"), StringComparison.Ordinal);
        foreach (var line in (string[])["read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"])
            Assert.Contains(line, Text("compose.yaml").Split("x-confined")[1].Split("x-host")[0], StringComparison.Ordinal);
        Assert.Contains("  inside:\n    internal: true", Text("compose.yaml"), StringComparison.Ordinal);

        foreach (var file in (string[])["silos.yaml", "apis.yaml"])
        {
            var pods = Text("kubernetes/" + file);
            Assert.Equal(file == "silos.yaml", pods.Contains("pbts-chain", StringComparison.Ordinal));
            foreach (var line in (string[])["automountServiceAccountToken: false", "readOnlyRootFilesystem: true", "allowPrivilegeEscalation: false", "drop: [ALL]", "runAsNonRoot: true"])
                Assert.Contains(line, pods, StringComparison.Ordinal);
        }

        Assert.Contains("  - network.yaml\n", Text("kubernetes/kustomization.yaml"), StringComparison.Ordinal);
    }

    private static string Text(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "deploy", file));

    /// <summary>The entries of a YAML mapping at two blanks, each with its text.</summary>
    private static Dictionary<string, string> Blocks(string yaml) =>
        System.Text.RegularExpressions.Regex.Split("\n" + yaml, @"\n  (?=[a-z0-9-]+:)").Skip(1).ToDictionary(block => block.Split(':')[0], block => block + "\n");
}
