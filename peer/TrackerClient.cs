using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Peer;

/// <summary>
/// Speaks to a tracker: announces and scrapes over HTTP (BEP 3, BEP 48), and the JSON API of PBTS. What goes wrong on the
/// way or is refused is in the result, never an exception; <see cref="OperationCanceledException"/> is the caller's own
/// cancellation. Thread safe: calls at the same time take connections of their own.
/// </summary>
public sealed class TrackerClient : IAnnounceTracker
{
    /// <summary>Where a tracker is when nobody says.</summary>
    public const string DefaultUrl = "http://127.0.0.1:8000";

    private const int PasskeyLength = 32;
    private const int MaxReply = 4 << 20;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30), MaxResponseContentBufferSize = MaxReply };
    private readonly Uri _announceUrl;
    private readonly Uri _base;
    private readonly string? _passkey;
    private string? _instanceId;

    /// <summary>For a tracker; nothing is sent yet.</summary>
    /// <param name="url">The tracker's address or any announce URL of it; a passkey in it goes with reports too.</param>
    /// <param name="passkey">The member's passkey, when the URL has none.</param>
    /// <exception cref="UriFormatException">Not an http or https URL.</exception>
    public TrackerClient(string url, string? passkey = null)
    {
        var given = new Uri(url, UriKind.Absolute);
        if (given.Scheme is not ("http" or "https"))
            throw new UriFormatException($"{url}: only http and https trackers are supported");
        _base = new Uri(given.GetLeftPart(UriPartial.Authority) + "/");
        _announceUrl = given.AbsolutePath is "" or "/" ? new Uri(_base, "announce") : given;
        _passkey = given.AbsolutePath.Split('/').FirstOrDefault(part => part.Length == PasskeyLength && part.All(char.IsAsciiLetterOrDigit)) ?? passkey;
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("pbts", "0.1.0"));
    }

    /// <summary>Host and port: the tracker as a message may name it, without the path, which may hold a passkey.</summary>
    public string Name => _base.Authority;

    /// <summary>How long an answer may take; half a minute unless said otherwise. What takes longer is not reached.</summary>
    public TimeSpan Timeout
    {
        get => _http.Timeout;
        init => _http.Timeout = value;
    }

    /// <summary>Who announces and reports; without it announces are anonymous.</summary>
    public (string UserId, MemberIdentity Identity)? Member { get; init; }

    /// <summary>Token for administration, visible ASCII without blanks.</summary>
    public string? AdminToken { get; init; }

    /// <summary>Whether calls of the API say who the member is, by its passkey.</summary>
    public bool SendsPasskey { get; init; }

    /// <summary>Whether there is a passkey, in the URL or by itself.</summary>
    public bool HasPasskey => _passkey is not null;

    /// <summary>Announces, as <see cref="Member"/> when there is one: by the URL's passkey, or by a signature.</summary>
    public async Task<AnnounceReply> AnnounceAsync(AnnounceRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            using var response = await _http.GetAsync(AnnounceUri(request), cancellationToken).ConfigureAwait(false);
            return AnnounceReplyReader.Read(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), (int)response.StatusCode);
        }
        catch (Exception e) when (IsNetworkTrouble(e, cancellationToken))
        {
            return new AnnounceReply { Failure = NotReached(e), IsUnreachable = true, Interval = 60 };
        }
    }

    /// <summary>The bencoded scrape reply for some torrents; or why there is none.</summary>
    public async Task<(byte[]? Body, string? Error, bool IsUnreachable)> ScrapeAsync(IEnumerable<InfoHash> infoHashes, CancellationToken cancellationToken)
    {
        // BEP 48: the last path part that begins with "announce" becomes "scrape".
        var path = _announceUrl.AbsolutePath;
        var at = path.LastIndexOf("/announce", StringComparison.Ordinal);
        if (at < 0)
            return (null, $"{_announceUrl.GetLeftPart(UriPartial.Path)} has no scrape form: its path has no /announce", false);
        var query = string.Join('&', infoHashes.Select(h => "info_hash=" + Escape(h.Span)));
        return await FetchAsync(new Uri(_base, path[..at] + "/scrape" + path[(at + 9)..] + "?" + query), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Announces for a client, as <see cref="Member"/>, what it says itself.</summary>
    /// <param name="query">Its parameters, percent-encoded.</param>
    /// <param name="infoHash">What they say of the torrent.</param>
    /// <param name="announceEvent">And of the event.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The tracker's answer as it came; or why there is none.</returns>
    internal Task<(byte[]? Body, string? Error, bool IsUnreachable)> ForwardAsync(string query, InfoHash infoHash, string announceEvent, CancellationToken cancellationToken)
    {
        var uri = new StringBuilder(_announceUrl.AbsoluteUri).Append(_announceUrl.Query.Length > 0 ? '&' : '?').Append(query);
        AppendMember(uri, infoHash, announceEvent);
        return FetchAsync(new Uri(uri.ToString()), cancellationToken);
    }

    /// <summary>Asks the JSON API.</summary>
    /// <param name="path">Path and query below the tracker's address.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<ApiResult> GetAsync(string path, CancellationToken cancellationToken) => CallAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>Gets an answer that is no JSON document, as the member of the passkey where there is one.</summary>
    /// <returns>The body; or what went wrong, and how long to wait before asking again.</returns>
    public async Task<(byte[]? Body, ApiResult? Problem, TimeSpan Wait)> DownloadAsync(string path, bool asMember, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, path));
            if (asMember && _passkey is not null)
                request.Headers.Add("X-Passkey", _passkey);
            else if (AdminToken is { Length: > 0 } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return (body, null, default);
            var problem = new ApiResult((int)response.StatusCode, TryParse(Encoding.UTF8.GetString(body)), null);
            return (null, problem with { Error = problem.Text("error") ?? $"the tracker answered {(int)response.StatusCode}" }, response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(2));
        }
        catch (Exception e) when (IsNetworkTrouble(e, cancellationToken))
        {
            return (null, new ApiResult(0, null, NotReached(e)), default);
        }
    }

    /// <summary>Gets an answer that is read as it comes, as the administration.</summary>
    /// <returns>The body, which the caller disposes of; or what went wrong.</returns>
    public async Task<(Stream? Body, ApiResult? Problem)> OpenAsync(string path, CancellationToken cancellationToken)
    {
        HttpResponseMessage? response = null;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, path));
            if (AdminToken is { Length: > 0 } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return (await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), null);
            var problem = new ApiResult((int)response.StatusCode, TryParse(await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false)), null);
            response.Dispose();
            return (null, problem with { Error = problem.Text("error") ?? $"the tracker answered {problem.Status}" });
        }
        catch (Exception e) when (IsNetworkTrouble(e, cancellationToken))
        {
            response?.Dispose();
            return (null, new ApiResult(0, null, NotReached(e)));
        }
    }

    /// <summary>Posts to the JSON API.</summary>
    /// <param name="path">Path and query below the tracker's address.</param>
    /// <param name="body">What is written as JSON; bytes are JSON already.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<ApiResult> PostAsync(string path, object body, CancellationToken cancellationToken) => CallAsync(HttpMethod.Post, path, Json(body), cancellationToken);

    /// <summary>Puts by the JSON API.</summary>
    /// <inheritdoc cref="PostAsync"/>
    public Task<ApiResult> PutAsync(string path, object body, CancellationToken cancellationToken) => CallAsync(HttpMethod.Put, path, Json(body), cancellationToken);

    /// <summary>Deletes by the JSON API.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public Task<ApiResult> DeleteAsync(string path, CancellationToken cancellationToken) => CallAsync(HttpMethod.Delete, path, null, cancellationToken);

    /// <summary>Registers a torrent.</summary>
    /// <param name="file">The whole torrent file.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<ApiResult> PublishAsync(byte[] file, CancellationToken cancellationToken)
    {
        var content = new ByteArrayContent(file);
        content.Headers.ContentType = new("application/x-bittorrent");
        return CallAsync(HttpMethod.Post, "torrents", content, cancellationToken);
    }

    /// <summary>Registers a member, proving possession of the key; one that came from a site without a key is known by its passkey. Of the answer, <c>passkey</c> and <c>announce_url</c> are the member's own.</summary>
    /// <param name="userId">1 to 64 visible characters without <c>/</c>.</param>
    /// <param name="identity">The member's key pair.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="invite">The token of an invite, if there is one.</param>
    /// <param name="attestation">An attestation of the key by the trusted machine it is from, if it is from one.</param>
    /// <param name="passports">What it brings from other trackers: objects with <c>passport</c> and <c>signature</c>, up to 16.</param>
    /// <param name="proof">What the member has at the tracker before this one, as that tracker proved it, to be brought along.</param>
    public async Task<ApiResult> RegisterAsync(string userId, MemberIdentity identity, CancellationToken cancellationToken, string? invite = null, byte[]? attestation = null,
        JsonArray? passports = null, JsonNode? proof = null)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var (instanceId, problem) = await InstanceIdAsync(cancellationToken).ConfigureAwait(false);
        if (instanceId is null)
            return problem!;
        var signature = identity.Sign(RegistrationMessage.Build(instanceId, userId));
        return await PostAsync("register", new
        {
            user_id = userId,
            public_key = Convert.ToBase64String(identity.PublicKey.Span),
            signature = Convert.ToBase64String(signature.Span),
            invite,
            attestation,
            passports,
            passkey = _passkey,
            proof,
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The tracker's id, which vouchers are signed over; <c>null</c> when it cannot be told. Asked until it is.</summary>
    public async Task<InstanceId?> FindInstanceAsync(CancellationToken cancellationToken)
    {
        return InstanceId.TryParse((await InstanceIdAsync(cancellationToken).ConfigureAwait(false)).InstanceId, out var instance) ? instance : null;
    }

    /// <summary>The id registrations are signed over; <c>/health</c> and <c>/config</c> both tell it.</summary>
    private async Task<(string? InstanceId, ApiResult? Problem)> InstanceIdAsync(CancellationToken cancellationToken)
    {
        if (_instanceId is not null)
            return (_instanceId, null);
        ApiResult? answer = null;
        foreach (var path in new[] { "health", "config" })
        {
            answer = await GetAsync(path, cancellationToken).ConfigureAwait(false);
            if (answer.IsUnreachable || answer.Text("instance_id") is not null)
                break;
        }
        _instanceId = answer!.Text("instance_id");
        return (_instanceId, _instanceId is null ? answer with { Error = answer.Error ?? "the tracker names no instance_id" } : null);
    }

    /// <summary>Reports receipts of <see cref="Member"/>, a thousand at most. The answer has a status for each, in order.</summary>
    /// <exception cref="InvalidOperationException">There is no <see cref="Member"/>.</exception>
    public Task<ApiResult> ReportAsync(IEnumerable<Receipt> receipts, CancellationToken cancellationToken) =>
        ReportAsync(new JsonArray([.. receipts.Select(one => one.ToJson())]), cancellationToken);

    /// <summary>Reports vouchers of <see cref="Member"/>, a thousand at most. The answer has a status for each, in order.</summary>
    /// <exception cref="InvalidOperationException">There is no <see cref="Member"/>.</exception>
    public Task<ApiResult> ReportVouchersAsync(IEnumerable<Voucher> vouchers, CancellationToken cancellationToken) =>
        ReportAsync([], cancellationToken, new JsonArray([.. vouchers.Select(one => one.ToJson())]));

    /// <summary>Reports receipts and vouchers as they are written, see <see cref="Receipt.ToJson"/> and <see cref="Voucher.ToJson"/>.</summary>
    /// <exception cref="InvalidOperationException">There is no <see cref="Member"/>.</exception>
    public async Task<ApiResult> ReportAsync(JsonArray receipts, CancellationToken cancellationToken, JsonArray? vouchers = null)
    {
        var (userId, identity) = Member ?? throw new InvalidOperationException("Only a member reports.");
        var body = new JsonObject
        {
            ["user_id"] = userId,
            ["public_key"] = Convert.ToBase64String(identity.PublicKey.Span),
            ["uploaded_delta"] = 0,
            ["downloaded_delta"] = 0,
            ["receipts"] = receipts,
        };
        if (vouchers is not null)
            body["vouchers"] = vouchers;
        if (_passkey is not null)
            body["passkey"] = _passkey;
        return await PostAsync("report", body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();

    private static ByteArrayContent Json(object body)
    {
        var content = new ByteArrayContent(body as byte[] ?? JsonSerializer.SerializeToUtf8Bytes(body));
        content.Headers.ContentType = new("application/json");
        return content;
    }

    private async Task<ApiResult> CallAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(_base, path)) { Content = body };
            if (SendsPasskey && _passkey is not null)
                request.Headers.Add("X-Passkey", _passkey);
            if (AdminToken is { Length: > 0 } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            var json = TryParse(text);
            var result = new ApiResult((int)response.StatusCode, json, null);
            return response.IsSuccessStatusCode ? result
                : result with { Error = result.Text("error") ?? $"the tracker answered {(int)response.StatusCode}" };
        }
        catch (Exception e) when (IsNetworkTrouble(e, cancellationToken))
        {
            return new ApiResult(0, null, NotReached(e));
        }
    }

    private static JsonElement? TryParse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The reason in its own words; that of TLS is inside.</summary>
    private string NotReached(Exception e) => e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
        ? $"tracker not reached: no TLS with {_base.Authority}: {e.GetBaseException().Message}"
        : $"tracker not reached: {e.Message}";

    private static bool IsNetworkTrouble(Exception e, CancellationToken cancellationToken) =>
        e is HttpRequestException or IOException || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested);

    private Uri AnnounceUri(AnnounceRequest request)
    {
        var query = new StringBuilder(_announceUrl.AbsoluteUri).Append(_announceUrl.Query.Length > 0 ? '&' : '?');
        query.Append("info_hash=").Append(Escape(request.InfoHash.Span)).Append("&peer_id=").Append(Escape(request.PeerId));
        query.Append(CultureInfo.InvariantCulture,
            $"&port={request.Port}&uploaded={request.Uploaded}&downloaded={request.Downloaded}&left={request.Left}&compact=1&numwant={request.NumWant}");
        if (request.Event.Length > 0)
            query.Append("&event=").Append(request.Event);
        AppendMember(query, request.InfoHash, request.Event);
        return new Uri(query.ToString());
    }

    /// <summary>A passkey in the path says who we are; else a signature does.</summary>
    private void AppendMember(StringBuilder query, InfoHash infoHash, string announceEvent)
    {
        if (Member is not { } member || _announceUrl.AbsolutePath != "/announce")
            return;
        var signature = member.Identity.Sign(AnnounceMessage.Build(member.UserId, infoHash, announceEvent));
        query.Append("&user_id=").Append(Uri.EscapeDataString(member.UserId));
        query.Append("&signature=").Append(Uri.EscapeDataString(Convert.ToBase64String(signature.Span)));
    }

    private async Task<(byte[]? Body, string? Error, bool IsUnreachable)> FetchAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(uri, cancellationToken).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? (await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), null, false)
                : (null, $"the tracker answered {(int)response.StatusCode}", false);
        }
        catch (Exception e) when (IsNetworkTrouble(e, cancellationToken))
        {
            return (null, NotReached(e), true);
        }
    }

    private static string Escape(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 3);
        foreach (var b in bytes)
            text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        return text.ToString();
    }
}
