using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Pbts.Api.Http;

/// <summary>Reads a JSON object from a request, whatever content type it claims to be.</summary>
internal static class JsonBody
{
    /// <summary>Bytes of the largest body that is read.</summary>
    public const int MaxLength = 2 << 20;

    /// <summary>Bytes of a longer one that are read and thrown away, so that its sender gets to see the answer instead of a broken connection.</summary>
    private const int MaxDiscarded = 64 << 20;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 16 };

    /// <summary>The object's fields, or the refusal: 400 when it is no JSON object, 413 when it is too long.</summary>
    public static async ValueTask<(JsonFields Fields, IResult? Refusal)> ReadAsync(HttpContext context)
    {
        try
        {
            var body = await ReadBytesAsync(context);
            if (body is null)
                return (default!, Answers.TooLarge($"body is too long: at most {MaxLength} bytes"));
            if (body.Length == 0)
                return (default!, Answers.BadRequest("body is missing: send a JSON object"));
            using var document = JsonDocument.Parse(body, Options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? (new JsonFields(document.RootElement.Clone()), null)
                : (default!, Answers.BadRequest("body is not a JSON object"));
        }
        catch (JsonException e)
        {
            return (default!, Answers.BadRequest($"body is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine})"));
        }
        catch (BadHttpRequestException e)
        {
            return (default!, e.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? Answers.TooLarge($"body is too long: at most {MaxLength} bytes")
                : Answers.BadRequest("body could not be read"));
        }
    }

    private static async Task<byte[]?> ReadBytesAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxDiscarded;
        var tooLong = context.Request.ContentLength > MaxLength;
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await context.Request.Body.ReadAsync(buffer, context.RequestAborted) is > 0 and var count)
        {
            tooLong |= body.Length + count > MaxLength;
            if (!tooLong)
                body.Write(buffer, 0, count);
        }

        return tooLong ? null : body.ToArray();
    }
}
