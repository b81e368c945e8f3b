using Microsoft.OpenApi;
using Pbts.Api.Http;
using Pbts.Hosting.Access;
using Scalar.AspNetCore;

namespace Pbts.Api.OpenApi;

/// <summary>The description of the HTTP interface (<c>/openapi/v1.json</c>) and the page that shows it (<c>/docs</c>).</summary>
internal static class ApiDocument
{
    /// <summary>Groups as a reader looks for them, and how the paths begin that belong to each; the longest counts.</summary>
    private static readonly (string Name, string Description, string[] Paths)[] Groups =
    [
        ("Announce", "What torrent clients ask: who else is in the swarm, and how many. Answers are bencoded. The same is served over UDP (BEP 15).", ["announce", "scrape"]),
        ("Members", "Names, keys and passkeys, and what a member has given and taken.", ["register", "user", "invites", "keygen"]),
        ("Site", "What the operator, or the site's own software, says of members and clients, and tokens for programs.", ["api"]),
        ("UNIT3D", "What UNIT3D asks of its external announce service.", ["announce/{key}", "announce/health"]),
        ("Gazelle", "What Gazelle and its like tell Ocelot.", ["{key}"]),
        ("Issuers", "Other trackers that are believed here, and how far.", ["issuers"]),
        ("Receipts", "Receipts and vouchers, what receivers sign for what they got: handed in, checked, signed.", ["report", "verify-receipt", "attest"]),
        ("Trust", "Scores from who deals with whom, and clusters of members that deal among themselves.", ["trust"]),
        ("Torrents", "Torrents whose sizes the tracker has read itself.", ["torrents"]),
        ("Contract and migrations", "Reputation on Ethereum, and its way from contract to contract.", ["contract", "migrations"]),
        ("Trusted hardware", "Proofs of which program the tracker is.", ["tee", "keygen-tee", "generate-attestation", "verify-attestation"]),
        ("Operations", "Health, figures and settings.", ["health", "stats", "config"]),
    ];

    public static void AddApiDocument(this IServiceCollection services) =>
        services.AddOpenApi(document => document.AddSchemaTransformer(WireText.DescribeAsync).AddDocumentTransformer((description, _, _) =>
        {
            description.Info = new() { Title = "PBTS tracker", Version = "1" };
            // Relative to where it was read: behind a proxy that speaks TLS this process does not know its own address.
            description.Servers = [new() { Url = "/" }];
            AnnounceDescription.AddTo(description.Paths);
            Group(description);
            return Task.CompletedTask;
        }));

    public static void MapApiDocument(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi("/openapi/{documentName}.json").For(Caller.Anybody);
        // Its script is served from this process; nothing of it asks, tells or recommends anybody else.
        app.MapScalarApiReference("/docs", page => page
                .WithTitle("PBTS tracker").WithNonce().DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp()
                .HideClientButton().HideDeveloperTools().WithProxy("").WithCustomCss("a[href*=\"scalar.com\"] { display: none }")).For(Caller.Anybody)
            .AddEndpointFilter(async (call, next) =>
            {
                call.HttpContext.Response.OnStarting(SetPolicy, call.HttpContext);
                return await next(call);
            });
    }

    private static Task SetPolicy(object state)
    {
        var context = (HttpContext)state;
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self' 'nonce-{context.Items[ScalarOptions.NonceHttpContextItemKey]}'; style-src 'self' 'unsafe-inline'; "
            + "connect-src 'self'; img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return Task.CompletedTask;
    }

    private static void Group(OpenApiDocument description)
    {
        description.Tags = new HashSet<OpenApiTag>(Groups.Select(group => new OpenApiTag { Name = group.Name, Description = group.Description }));
        foreach (var (path, item) in description.Paths)
        {
            var group = Groups.SelectMany(group => group.Paths, (group, start) => (group.Name, Start: start))
                .Where(group => $"{path}/".StartsWith($"/{group.Start}/", StringComparison.Ordinal)).MaxBy(group => group.Start.Length).Name;
            foreach (var operation in item.Operations?.Values.ToArray() ?? [])
            {
                // No handler asks for it: it is looked at before.
                if (path.Contains("{key}", StringComparison.Ordinal))
                {
                    operation.Parameters ??= [];
                    operation.Parameters.Insert(0, new OpenApiParameter { In = ParameterLocation.Path, Name = "key", Required = true, Description = "The site's key.", Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 32 } });
                }

                operation.Tags = group is null ? new HashSet<OpenApiTagReference>() : new HashSet<OpenApiTagReference> { new(group, description) };
            }
        }
    }
}
