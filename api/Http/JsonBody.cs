using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Pbts.Api.Callers;
using Pbts.Hosting.Configuration;

namespace Pbts.Api.Http;

/// <summary>Reads a JSON object from a request, whatever content type it claims to be.</summary>
internal static class JsonBody
{
    /// <summary>Bytes of the largest body that most endpoints read.</summary>
    public const int Small = 16 << 10;

    /// <summary>Bytes of the largest body with a quote or a payload to attest.</summary>
    public const int Attestation = 256 << 10;

    /// <summary>Bytes of the largest body with receipts or the names of members.</summary>
    public const int Large = 2 << 20;

    /// <summary>Bytes of a longer one that are read and thrown away, so that its sender gets to see the answer instead of a broken connection.</summary>
    private const int MaxDiscarded = 64 << 20;

    private const int FirstBuffer = 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    /// <summary>
    /// The object's fields, or the refusal: 400 when it is no JSON object, 413 when it is too long, 408 when it takes too long,
    /// 429 when bodies take too much memory already.
    /// </summary>
    public static async ValueTask<(JsonFields Fields, Refusal? Refusal)> ReadAsync(HttpContext context, int most)
    {
        try
        {
            var (body, refusal) = await ReadBytesAsync(context, most);
            if (refusal is not null)
                return (default!, refusal);
            if (body.Length == 0)
                return (default!, Answers.BadRequest("body is missing: send a JSON object"));
            // Its elements point into the body's bytes; both live as long as the request.
            var document = JsonDocument.Parse(body, Options);
            context.Response.RegisterForDispose(document);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? (new JsonFields(document.RootElement), null)
                : (default!, Answers.BadRequest("body is not a JSON object"));
        }
        catch (JsonException e)
        {
            return (default!, Answers.BadRequest($"body is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine})"));
        }
        catch (BadHttpRequestException e)
        {
            return (default!, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLong(most) : Answers.BadRequest("body could not be read"));
        }
    }

    /// <summary>The body's bytes, or the refusal, as for <see cref="ReadAsync"/>.</summary>
    public static async Task<(ReadOnlyMemory<byte> Body, Refusal? Refusal)> ReadBytesAsync(HttpContext context, int most)
    {
        var services = context.RequestServices;
        var limits = services.GetRequiredService<CallerLimits>();
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxDiscarded;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        late.CancelAfter(TimeSpan.FromSeconds(services.GetRequiredService<IOptions<LimitsOptions>>().Value.BodySeconds));

        // What was read of it lives as long as the request.
        var account = services.GetRequiredService<BodyBudget>().Open(services.GetRequiredService<ClientAddressResolver>().Resolve(context), most);
        context.Response.RegisterForDispose(account);
        byte[] body = [];
        var length = 0;
        var tooLong = context.Request.ContentLength > most;
        var reader = context.Request.BodyReader;
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(late.Token);
                tooLong |= length + read.Buffer.Length > most;
                if (!tooLong)
                {
                    var needed = length + (int)read.Buffer.Length;
                    if (needed > body.Length)
                    {
                        var size = Math.Min(most, Math.Max(Math.Max(needed, body.Length * 2), FirstBuffer));
                        if (!account.TryTake(size - body.Length))
                        {
                            reader.AdvanceTo(read.Buffer.End);
                            limits.Refused(Limit.Bodies);
                            return (default, Last(context, Answers.TooMany(context)));
                        }

                        Array.Resize(ref body, size);
                    }

                    read.Buffer.CopyTo(body.AsSpan(length));
                    length = needed;
                }

                reader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    return tooLong ? (default, TooLong(most)) : (body.AsMemory(0, length), null);
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            limits.Refused(Limit.SlowBodies);
            return (default, Last(context, Answers.Error(StatusCodes.Status408RequestTimeout, "body did not come in in time")));
        }
    }

    /// <summary>The rest of the body is not waited for.</summary>
    private static Refusal Last(HttpContext context, Refusal answer)
    {
        context.Response.Headers.Connection = "close";
        return answer;
    }

    private static Refusal TooLong(int most) => Answers.TooLarge($"body is too long: at most {most} bytes");
}
