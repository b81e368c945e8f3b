using System.Diagnostics;
using System.Security.Cryptography;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Settings;
using Pbts.GrainInterfaces.Tee;
using Pbts.Grains.Chain;
using Pbts.Grains.Settings;
using Pbts.Protocol;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Dstack;

namespace Pbts.Grains.Tee;

/// <summary>Asks the machine of the silo it is on. What it keeps are counters and the tracker's public key; all else is derived anew.</summary>
[Reentrant, KeepAlive]
internal sealed class TeeGrain(TeeProviders providers, SettingsStore settings, ChainConnection chain, TimeProvider time) : Grain, ITeeGrain
{
    /// <summary>For so long an answer of the agent stands for the next.</summary>
    private static readonly TimeSpan Known = TimeSpan.FromSeconds(2);

    private TeeStatistics _statistics = TeeStatistics.None;
    private (TeeMode Mode, long At, Outcome<DstackInfo> Info)? _seen;
    private byte[]? _publicKey;

    public async Task<TeeStatus> GetStatusAsync()
    {
        var (mode, provider) = await providers.CurrentAsync();
        if (_seen is not { Info.Problem: null } seen || seen.Mode != mode || time.GetElapsedTime(seen.At) > Known)
            _seen = seen = (mode, time.GetTimestamp(), await provider.InfoAsync());
        byte[]? key = null;
        if (seen.Info.TryGet(out var info, out var problem))
            (await PublicKeyAsync(provider)).TryGet(out key, out problem);
        return new()
        {
            Mode = mode.ToText(),
            Available = key is not null,
            Problem = problem?.Text,
            AppId = info?.AppId,
            ComposeHash = info?.ComposeHash,
            PublicKey = key,
            EthereumAddress = chain.Key?.Address.ToString(),
            Statistics = _statistics,
        };
    }

    public async Task<TeeResult<TeeKey>> GenerateKeyAsync(string salt, bool? derived)
    {
        var (_, provider) = await providers.CurrentAsync();
        var started = Stopwatch.GetTimestamp();
        BlsSecretKey secret;
        string? path = null;
        if (derived ?? provider.DerivesByDefault)
        {
            path = TeeKeys.PathOf(salt);
            if (!(await provider.GetSecretAsync(path)).TryGet(out var material, out var problem))
                return problem;
            secret = TeeKeys.Bls(material, path);
            CryptographicOperations.ZeroMemory(material);
        }
        else
        {
            secret = BlsSecretKey.Generate();
        }

        using (secret)
        {
            var bytes = new byte[BlsSecretKey.Size];
            secret.CopyTo(bytes);
            var publicKey = Bls.SkToPk(secret).ToArray();
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            _statistics = _statistics with { KeyGenerations = _statistics.KeyGenerations + 1, KeyMilliseconds = _statistics.KeyMilliseconds + elapsed };
            return new TeeKey(bytes, publicKey, path, elapsed);
        }
    }

    public async Task<TeeResult<TeeAttestation>> AttestAsync(AttestationPurpose purpose, byte[] payload, byte[] nonce)
    {
        var (_, provider) = await providers.CurrentAsync();
        var started = Stopwatch.GetTimestamp();
        if (!(await PublicKeyAsync(provider)).TryGet(out var publicKey, out var problem))
            return problem;
        var claims = new AttestationClaims
        {
            Purpose = purpose,
            PublicKey = publicKey,
            EthereumAddress = chain.Key is { } key ? Convert.FromHexString(key.Address.ToString()[2..]) : new byte[20],
            InstanceId = Convert.FromHexString(await settings.GetInstanceIdAsync()),
            Nonce = nonce,
            Time = time.GetUtcNow().ToUnixTimeSeconds(),
            Payload = payload,
        };
        var reportData = claims.ReportData();
        if (!(await provider.GetQuoteAsync(reportData)).TryGet(out var quote, out problem))
            return problem;
        // An agent that quotes something else must be noticed here and not by whoever relies on it.
        if (!Quote.TryParse(quote, out var parsed, out var error) || !parsed.ReportData.SequenceEqual(reportData))
            return new Problem(ProblemKind.Malformed, $"GetQuote: the dstack agent's quote is not one over the report data it was given{(error is null ? "" : $" ({error})")}");
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        _statistics = _statistics with { Attestations = _statistics.Attestations + 1, AttestationMilliseconds = _statistics.AttestationMilliseconds + elapsed };
        return new TeeAttestation(new AttestationDocument(claims, quote).ToBytes(), elapsed);
    }

    public Task ResetStatisticsAsync()
    {
        _statistics = TeeStatistics.None;
        return Task.CompletedTask;
    }

    /// <summary>The tracker's own key. The mode may have changed since it was derived, so a disabled machine has none.</summary>
    private async Task<Outcome<byte[]>> PublicKeyAsync(ITeeProvider provider)
    {
        if (provider is not DisabledTee && _publicKey is { } known)
            return known;
        if (!(await provider.GetSecretAsync(TeeKeys.TrackerPath)).TryGet(out var material, out var problem))
            return problem;
        using var secret = TeeKeys.Bls(material, TeeKeys.TrackerPath);
        CryptographicOperations.ZeroMemory(material);
        return _publicKey = Bls.SkToPk(secret).ToArray();
    }
}
