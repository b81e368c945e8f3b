using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Pbts.Protocol.Attestation;
using Pbts.Protocol.Ethereum;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Api.Http;

/// <summary>Values of bodies that are one text in JSON, and how the description shows them. They are read by <see cref="JsonFields"/>.</summary>
internal sealed class WireText : JsonConverterFactory
{
    private static readonly Dictionary<Type, (string Description, string? Pattern)> Forms = new()
    {
        [typeof(UserId)] = ("1 to 64 visible characters without a slash, and not dots alone.", null),
        [typeof(MemberKey)] = ("48 bytes in base64.", "^[A-Za-z0-9+/]{64}$"),
        [typeof(ReceiptSignature)] = ("96 bytes in base64.", "^[A-Za-z0-9+/]{128}$"),
        [typeof(InfoHash)] = ("20 bytes in hexadecimal digits.", "^[0-9A-Fa-f]{40}$"),
        [typeof(PieceHash)] = ("20 or 32 bytes in hexadecimal digits.", "^([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})$"),
        [typeof(SessionId)] = ("16 bytes in hexadecimal digits.", "^[0-9A-Fa-f]{32}$"),
        [typeof(HexBytes)] = ("Bytes in hexadecimal digits.", "^([0-9A-Fa-f]{2})*$"),
        [typeof(EthereumAddress)] = ("An address on Ethereum, with its checksum (EIP-55) or in letters of one case.", "^0x[0-9A-Fa-f]{40}$"),
        [typeof(AttestationPurpose)] = ("What an attestation is for.", "^(challenge|contract|registration)$"),
        [typeof(AttestationDocument)] = ("An attestation in base64, as /generate-attestation gives it.", null),
    };

    public override bool CanConvert(Type typeToConvert) => Forms.ContainsKey(typeToConvert);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Opaque<>).MakeGenericType(typeToConvert))!;

    /// <summary>Describes these values, and that what is left out of an answer where it is null may be absent.</summary>
    public static Task DescribeAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo.Type;
        var underlying = Nullable.GetUnderlyingType(type);
        if (Forms.TryGetValue(underlying ?? type, out var form))
        {
            schema.Type = underlying is null ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
            (schema.Description, schema.Pattern) = (form.Description, form.Pattern);
        }

        foreach (var property in context.JsonTypeInfo.Properties.Where(IsLeftOut))
            schema.Required?.Remove(property.Name);
        return Task.CompletedTask;
    }

    private static bool IsLeftOut(JsonPropertyInfo property) => property.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), inherit: true) == true;

    /// <summary>Keeps the serializer from looking inside a value that it neither reads nor writes.</summary>
    private sealed class Opaque<T> : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => throw new NotSupportedException();
    }
}
