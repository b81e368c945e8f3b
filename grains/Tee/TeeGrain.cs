using System.Diagnostics;
using System.Security.Cryptography;
using Orleans.Concurrency;
using Pbts.GrainInterfaces.Configuration;
using Pbts.GrainInterfaces.Tee;
using Pbts.Grains.Chain;
using Pbts.Grains.Settings;
using Pbts.Protocol;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Tee;

namespace Pbts.Grains.Tee;

/// <summary>Asks the machine of the silo it is on. What it keeps are counters and the tracker's public key; all else is derived anew.</summary>
[Reentrant, KeepAlive]
internal sealed class TeeGrain(TeeProviders providers, SettingsStore settings, ChainConnection chain, TimeProvider time) : Grain, ITeeGrain
{
    /// <summary>For so long an answer of the agent stands for the next.</summary>
    private static readonly TimeSpan Known = TimeSpan.FromSeconds(2);

    private TeeStatistics _statistics = TeeStatistics.None;
    private (TeeMode Mode, long At, DstackResult<DstackInfo> Info)? _seen;
    private byte[]? _publicKey;

    public async Task<TeeStatus> GetStatusAsync()
    {
        var (mode, provider) = await providers.CurrentAsync();
        if (_seen is not { Info.Value: not null } seen || seen.Mode != mode || time.GetElapsedTime(seen.At) > Known)
            _seen = seen = (mode, time.GetTimestamp(), await provider.InfoAsync());
        var info = seen.Info;
        var key = info.Value is null ? new DstackResult<byte[]>(info.Error!) : await PublicKeyAsync(provider);
        return new()
        {
            Mode = mode.ToText(),
            Available = key.Value is not null,
            Problem = key.Error,
            AppId = info.Value?.AppId,
            ComposeHash = info.Value?.ComposeHash,
            PublicKey = key.Value,
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
            var (material, error) = await provider.GetSecretAsync(path);
            if (material is null)
                return new(null, error);
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
            return new(new(bytes, publicKey, path, elapsed), null);
        }
    }

    public async Task<TeeResult<TeeAttestation>> AttestAsync(AttestationPurpose purpose, byte[] payload, byte[] nonce)
    {
        var (_, provider) = await providers.CurrentAsync();
        var started = Stopwatch.GetTimestamp();
        var (publicKey, problem) = await PublicKeyAsync(provider);
        if (publicKey is null)
            return new(null, problem);
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
        var (quote, error) = await provider.GetQuoteAsync(reportData);
        if (quote is null)
            return new(null, error);
        // An agent that quotes something else must be noticed here and not by whoever relies on it.
        if (!Quote.TryParse(quote, out var parsed, out error) || !parsed.ReportData.SequenceEqual(reportData))
            return new(null, $"GetQuote: the dstack agent's quote is not one over the report data it was given{(error is null ? "" : $" ({error})")}");
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        _statistics = _statistics with { Attestations = _statistics.Attestations + 1, AttestationMilliseconds = _statistics.AttestationMilliseconds + elapsed };
        return new(new(new AttestationDocument(claims, quote).ToBytes(), elapsed), null);
    }

    public Task ResetStatisticsAsync()
    {
        _statistics = TeeStatistics.None;
        return Task.CompletedTask;
    }

    /// <summary>The tracker's own key. The mode may have changed since it was derived, so a disabled machine has none.</summary>
    private async Task<DstackResult<byte[]>> PublicKeyAsync(ITeeProvider provider)
    {
        if (provider is not DisabledTee && _publicKey is { } known)
            return new(known);
        var (material, error) = await provider.GetSecretAsync(TeeKeys.TrackerPath);
        if (material is null)
            return new(error!);
        using var secret = TeeKeys.Bls(material, TeeKeys.TrackerPath);
        CryptographicOperations.ZeroMemory(material);
        return new(_publicKey = Bls.SkToPk(secret).ToArray());
    }
}
