using System.Text.Json;
using Pbts.Protocol.Attestation;

namespace Pbts.Api.Tee;

/// <summary>Fetches collateral from a provisioning certificate caching service (Intel's PCS API, version 4).</summary>
internal sealed class PccsClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly TimeSpan _timeout;

    public PccsClient(string url, TimeSpan timeout)
    {
        _timeout = timeout;
#pragma warning disable CA2000 // The client disposes it.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, MaxResponseHeadersLength = 64, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
#pragma warning restore CA2000
        {
            BaseAddress = new Uri(url.TrimEnd('/') + "/"), Timeout = timeout, MaxResponseContentBufferSize = Collateral.MaxSize,
        };
    }

    /// <summary>The collateral, or why there is none.</summary>
    public async Task<(Collateral? Collateral, string? Problem)> FetchAsync(QuotePlatform platform, CancellationToken cancellationToken)
    {
        var tee = platform.Kind == TeeKind.Tdx ? "tdx" : "sgx";
        try
        {
            var (tcb, tcbChain) = await GetAsync($"{tee}/certification/v4/tcb?fmspc={platform.Fmspc}", "TCB-Info-Issuer-Chain", cancellationToken);
            var (qe, qeChain) = await GetAsync($"{tee}/certification/v4/qe/identity?update=standard", "SGX-Enclave-Identity-Issuer-Chain", cancellationToken);
            var (pckList, _) = await GetAsync($"sgx/certification/v4/pckcrl?ca={platform.Authority}&encoding=der", null, cancellationToken);
            var (rootList, _) = await GetAsync("sgx/certification/v4/rootcacrl", null, cancellationToken);
            var (info, infoSignature) = Signed(tcb, "tcbInfo");
            var (identity, identitySignature) = Signed(qe, "enclaveIdentity");
            return (new()
            {
                TcbInfo = info, TcbInfoSignature = infoSignature, TcbInfoChain = tcbChain,
                QeIdentity = identity, QeIdentitySignature = identitySignature, QeIdentityChain = qeChain,
                PckCrl = Der(pckList), RootCrl = Der(rootList),
            }, null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (null, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, $"no answer within {_timeout.TotalSeconds:0.#} s");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return (null, "an answer is not as it should be");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<(byte[] Body, string Chain)> GetAsync(string path, string? header, CancellationToken cancellationToken)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{path.Split('?')[0]} was answered with {(int)response.StatusCode}");
        string[] names = header is null ? [] : [header, header.Replace("TCB-Info", "SGX-TCB-Info", StringComparison.Ordinal)];
        var chain = names.Select(name => response.Headers.TryGetValues(name, out var values) ? string.Concat(values) : null).FirstOrDefault(value => value is not null);
        return header is not null && chain is null ? throw new FormatException("the issuer chain is missing")
            : (await response.Content.ReadAsByteArrayAsync(cancellationToken), Uri.UnescapeDataString(chain ?? ""));
    }

    /// <summary>The signed text exactly as it came, and the signature.</summary>
    private static (string Text, byte[] Signature) Signed(byte[] answer, string name)
    {
        using var document = JsonDocument.Parse(answer);
        return (document.RootElement.GetProperty(name).GetRawText(), Convert.FromHexString(document.RootElement.GetProperty("signature").GetString() ?? throw new FormatException("no signature")));
    }

    /// <summary>Some services give lists in hex.</summary>
    private static byte[] Der(byte[] list) => list is [0x30, >= 0x80, ..] ? list : Convert.FromHexString(System.Text.Encoding.ASCII.GetString(list).Trim());
}
