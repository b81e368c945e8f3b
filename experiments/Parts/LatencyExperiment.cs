using System.Security.Cryptography;
using System.Text.Json;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Dstack;

namespace Pbts.Experiments.Parts;

/// <summary>Keys, quotes and registrations, one after another.</summary>
internal sealed class LatencyExperiment : IExperiment
{
    /// <summary>When the sample quote's certificates were in force.</summary>
    private static readonly DateTimeOffset SampleTime = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Signatures, chain and debug bits; the platform's status would need Intel's collateral.</summary>
    private static readonly QuotePolicy WithoutCollateral = new() { AcceptedTcb = new HashSet<TcbStatus> { TcbStatus.Unknown } };

    private const string Derived = "key generation, TEE-derived";
    private const string Generation = "attestation generation";
    private const string OwnQuote = "attestation verification, own quote";
    private const string Registration = "registration, end to end";
    private const string Attested = "registration with an attestation, end to end";

    public string Name => "latency";

    public string Description => "key generation, attestation and registration, one at a time";

    public double ExpectedSeconds(Settings settings) => 4 * settings.Budget.TotalSeconds / 2;

    public async Task RunAsync(ExperimentRun run)
    {
        await run.TimeAsync(Entry("key generation"), () => MemberIdentity.Generate().Dispose());
        var (agent, problem, note) = await TeeAgent.FindAsync(run.Settings);
        using (agent)
        {
            if (agent is not null)
                await WithAgentAsync(run, agent, note);
            else
                Array.ForEach([Derived, Generation, OwnQuote], name => run.Skip(Name, name, problem!));

            var sample = SampleQuote();
            await run.TimeAsync(Entry("attestation verification, sample quote", "a public TDX v4 quote: parsing, three signatures, PCK chain up to Intel's root; without collateral"),
                () => Check(QuoteVerifier.Verify(sample, WithoutCollateral, null, SampleTime)));

            if (run.Settings.Tracker is { } tracker)
                await RegisterAsync(run, tracker, agent, problem, note);
            else
                Array.ForEach([Registration, Attested], name => run.Skip(Name, name, run.Settings.NoTracker));
        }
    }

    /// <summary>A quote of a real machine that anybody may read.</summary>
    internal static byte[] SampleQuote()
    {
        using var stream = typeof(LatencyExperiment).Assembly.GetManifestResourceStream("tdx_quotes.json")!;
        using var file = JsonDocument.Parse(stream);
        return Convert.FromHexString(file.RootElement.GetProperty("quotes").EnumerateArray().Single(quote => quote.GetProperty("name").GetString() == "complete").GetProperty("hex").GetString()!);
    }

    private async Task WithAgentAsync(ExperimentRun run, DstackClient agent, string? note)
    {
        await run.TimeAsync(Entry(Derived, note), () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), async salt => (await TrustedMember.DeriveAsync(agent, salt)).Dispose());
        byte[]? quote = null;
        await run.TimeAsync(Entry(Generation, note), () => RandomNumberGenerator.GetBytes(64), async data => quote = TrustedMember.Got(await agent.GetQuoteAsync(data, CancellationToken.None)));
        if (quote is null)
            return;
        // A simulator's quotes are signed by nobody in particular; a machine's must hold.
        if (note is not null && QuoteVerifier.Verify(quote, WithoutCollateral, null, DateTimeOffset.UtcNow).FirstFailure is { } failure)
            run.Skip(Name, OwnQuote, $"the simulator's quote is not accepted: {failure.Name}, {failure.Detail}");
        else
            await run.TimeAsync(Entry(OwnQuote, note), () => Check(QuoteVerifier.Verify(quote, WithoutCollateral, null, DateTimeOffset.UtcNow)));
    }

    private async Task RegisterAsync(ExperimentRun run, Uri tracker, DstackClient? agent, string? problem, string? note)
    {
        using var client = new TrackerClient(tracker.ToString());
        await run.TimeAsync(Entry(Registration, "key generation, signature, HTTP, proof of possession, database"), () => 0, async _ => await LoadMember.RegisterAsync(client, "latency"));
        if (agent is null)
        {
            run.Skip(Name, Attested, problem!);
            return;
        }

        try
        {
            await TrustedMember.RegisterAsync(client, agent);
        }
        catch (LoadException e) when (e.Message.Contains("Invalid attestation", StringComparison.Ordinal))
        {
            run.Skip(Name, Attested, $"the tracker accepts no quote of this machine: {e.Message}");
            return;
        }

        await run.TimeAsync(Entry(Attested, "the same with a derived key, a quote over it, and the quote's verification by the tracker" + (note is null ? "" : "; " + note)),
            () => 0, async _ => await TrustedMember.RegisterAsync(client, agent));
    }

    private static void Check(QuoteVerdict verdict)
    {
        if (verdict.FirstFailure is { } failure)
            throw new ExperimentException($"the quote is not accepted: {failure.Name}, {failure.Detail}");
    }

    private Finding Entry(string name, string? note = null) => new() { Part = Name, Name = name, Note = note };
}
