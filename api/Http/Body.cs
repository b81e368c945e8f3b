using System.Reflection;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace Pbts.Api.Http;

/// <summary>
/// The JSON body of a request as a handler takes it: its type is what the description shows, and it is read when the handler
/// asks for it, so that what costs less can be refused before.
/// </summary>
internal sealed class Body<T>(HttpContext context) : IEndpointParameterMetadataProvider
    where T : class, IBody<T>
{
    /// <summary>Why there is none: 400 for what is wrong with it, else as <see cref="JsonBody.ReadAsync"/> says.</summary>
    public Refusal Refusal { get; private set; } = null!;

    public static ValueTask<Body<T>> BindAsync(HttpContext context) => new(new Body<T>(context));

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json", "*/*"], typeof(T), T.MayBeAbsent));

    /// <summary>What was sent; null with the <see cref="Refusal"/>.</summary>
    public async ValueTask<T?> ReadAsync()
    {
        var fields = new JsonFields(default);
        if (!T.MayBeAbsent || (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody != false && context.Request.ContentLength != 0))
        {
            (fields, var refusal) = await JsonBody.ReadAsync(context, T.Most);
            if (refusal is not null)
            {
                Refusal = refusal;
                return null;
            }
        }

        var body = T.Read(fields);
        if (fields.Error is not { } error)
            return body;
        Refusal = Answers.BadRequest(error);
        return null;
    }
}
