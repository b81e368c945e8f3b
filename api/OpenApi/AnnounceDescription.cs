using Microsoft.OpenApi;

namespace Pbts.Api.OpenApi;

/// <summary>Announce and scrape in the description of the interface: they are answered before ASP.NET, which does not know them.</summary>
internal static class AnnounceDescription
{
    private static readonly (string Name, JsonSchemaType Type, bool Required, string Description)[] AnnounceParameters =
    [
        ("info_hash", JsonSchemaType.String, true, "The torrent: 20 bytes, percent-encoded."),
        ("peer_id", JsonSchemaType.String, true, "The client's own name for itself: 20 bytes, percent-encoded."),
        ("port", JsonSchemaType.Integer, true, "The TCP port on which the client listens."),
        ("uploaded", JsonSchemaType.Integer, false, "Bytes sent since `started`."),
        ("downloaded", JsonSchemaType.Integer, false, "Bytes received since `started`."),
        ("left", JsonSchemaType.Integer, false, "Bytes still wanted; 0: a seeder. Absent: a leecher."),
        ("event", JsonSchemaType.String, false, "`started`, `completed`, `stopped`, `paused` (BEP 21), or none."),
        ("numwant", JsonSchemaType.Integer, false, "How many peers are wanted, up to the tracker's limit."),
        ("compact", JsonSchemaType.Integer, false, "0: peers as a list of dictionaries; else packed (BEP 23, BEP 7)."),
        ("key", JsonSchemaType.String, false, "By which the client is known when its address changes."),
    ];

    private static readonly (string Name, JsonSchemaType Type, bool Required, string Description)[] ScrapeParameters =
        [("info_hash", JsonSchemaType.String, true, "A torrent: 20 bytes, percent-encoded; may be given several times.")];

    public static void AddTo(OpenApiPaths paths)
    {
        paths.Add("/announce", Item("Join, leave or look at a swarm (BEP 3)", AnnounceParameters));
        paths.Add("/announce/{passkey}", Item("The same as a member", AnnounceParameters, passkey: true));
        paths.Add("/scrape", Item("How many are in swarms, and completed (BEP 48)", ScrapeParameters));
        paths.Add("/scrape/{passkey}", Item("The same as a member", ScrapeParameters, passkey: true));
    }

    private static OpenApiPathItem Item(string summary, (string Name, JsonSchemaType Type, bool Required, string Description)[] parameters, bool passkey = false)
    {
        var operation = new OpenApiOperation
        {
            Summary = summary,
            Parameters = [.. parameters.Select(parameter => Parameter(ParameterLocation.Query, parameter.Name, parameter.Type, parameter.Required, parameter.Description))],
            Responses = new()
            {
                ["200"] = new OpenApiResponse
                {
                    Description = "A bencoded dictionary; one with `failure reason` says why there is nothing else.",
                    Content = new Dictionary<string, OpenApiMediaType> { ["text/plain"] = new OpenApiMediaType() },
                },
            },
        };
        if (passkey)
            operation.Parameters.Insert(0, Parameter(ParameterLocation.Path, "passkey", JsonSchemaType.String, true, "The member's, from its announce URL."));
        return new() { Operations = new() { [HttpMethod.Get] = operation } };
    }

    private static OpenApiParameter Parameter(ParameterLocation where, string name, JsonSchemaType type, bool required, string description) =>
        new() { In = where, Name = name, Required = required, Description = description, Schema = new OpenApiSchema { Type = type } };
}
