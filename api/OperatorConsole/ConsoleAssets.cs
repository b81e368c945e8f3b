using System.Security.Cryptography;

namespace Pbts.Api.OperatorConsole;

/// <summary>The console's files, embedded in the program, with headers that let a page load and send nothing but from and to here.</summary>
internal sealed class ConsoleAssets
{
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private readonly Dictionary<string, (byte[] Content, string Tag, string Type)> _files = [];

    public ConsoleAssets()
    {
        var assembly = typeof(ConsoleAssets).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(name => name.StartsWith("console/", StringComparison.Ordinal)))
        {
            using var content = new MemoryStream();
            using var resource = assembly.GetManifestResourceStream(name)!;
            resource.CopyTo(content);
            var bytes = content.ToArray();
            _files.Add(name["console/".Length..], (bytes, $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"", TypeOf(name)));
        }
    }

    public IResult Answer(HttpContext context, string name)
    {
        if (!_files.TryGetValue(name, out var file))
            return TypedResults.NotFound();
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-cache";
        headers.ETag = file.Tag;
        return context.Request.Headers.IfNoneMatch == file.Tag
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(file.Content, file.Type);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
